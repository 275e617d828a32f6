/** Webhooks: the events of the feed as requests to back ends, by the rules of a setting. */
@NullMarked
package io.earshot.backend.webhook;

import org.jspecify.annotations.NullMarked;
