/**
 * The server that listens for TCP, WebSocket and HTTP clients. {@link
 * io.earshot.netty.EarshotServer} starts it; the other classes wire the packages below into ports,
 * routes and transports.
 */
@NullMarked
package io.earshot.netty;

import org.jspecify.annotations.NullMarked;
