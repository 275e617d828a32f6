/** Messages on their way to Redis: those of one moment go in one call. */
@NullMarked
package io.earshot.redis.say;

import org.jspecify.annotations.NullMarked;
