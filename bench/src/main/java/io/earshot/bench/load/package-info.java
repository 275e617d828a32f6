/**
 * The load generator: the clients of a server, the messages that they send, and the deliveries that
 * they count.
 */
@NullMarked
package io.earshot.bench.load;

import org.jspecify.annotations.NullMarked;
