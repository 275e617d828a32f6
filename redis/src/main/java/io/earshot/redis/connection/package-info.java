/**
 * The connections to Redis, and the only package that uses Lettuce: how to connect, commands,
 * scripts, subscriptions, and what their failures mean.
 */
@NullMarked
package io.earshot.redis.connection;

import org.jspecify.annotations.NullMarked;
