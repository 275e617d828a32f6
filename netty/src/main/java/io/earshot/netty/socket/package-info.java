/** The sockets of clients, with and without a Netty channel: reading, writing and closing. */
@NullMarked
package io.earshot.netty.socket;

import org.jspecify.annotations.NullMarked;
