/**
 * The connections to Redis: where commands, scripts and subscriptions go, what their failures mean,
 * and what the servers sign.
 */
@NullMarked
package io.earshot.redis.connection;

import org.jspecify.annotations.NullMarked;
