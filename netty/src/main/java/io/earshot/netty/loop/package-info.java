/** Netty's event loops and sockets, and the limits of each client address. */
@NullMarked
package io.earshot.netty.loop;

import org.jspecify.annotations.NullMarked;
