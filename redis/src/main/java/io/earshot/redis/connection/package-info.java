/**
 * The connections to Redis, and the only package that uses Lettuce: connecting, commands, scripts,
 * subscriptions, and the meaning of their failures.
 */
@NullMarked
package io.earshot.redis.connection;

import org.jspecify.annotations.NullMarked;
