/** The feed: what happens on the server, for consumers that must hear of each event. */
@NullMarked
package io.earshot.feed;

import org.jspecify.annotations.NullMarked;
