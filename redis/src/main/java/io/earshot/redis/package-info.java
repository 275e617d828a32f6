/** The cluster: one order, one presence and one history for the rooms of many servers, in Redis. */
@NullMarked
package io.earshot.redis;

import org.jspecify.annotations.NullMarked;
