/**
 * The sockets of clients, with and without a Netty channel: how bytes come in and go out, and how a
 * socket closes.
 */
@NullMarked
package io.earshot.netty.socket;

import org.jspecify.annotations.NullMarked;
