/** The URLs of rooms over HTTP, and the WebSocket handshake. */
@NullMarked
package io.earshot.netty.room;

import org.jspecify.annotations.NullMarked;
