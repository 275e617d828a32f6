/** The events of a cluster that wait in Redis for their consumers. */
@NullMarked
package io.earshot.redis.feed;

import org.jspecify.annotations.NullMarked;
