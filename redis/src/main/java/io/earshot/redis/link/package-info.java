/**
 * Links to single servers of Redis, and which server of a Redis Cluster has which slot. With {@code
 * io.earshot.redis.connection} the only package that uses Lettuce.
 */
@NullMarked
package io.earshot.redis.link;

import org.jspecify.annotations.NullMarked;
