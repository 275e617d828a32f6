package io.earshot.spi;

import java.net.SocketAddress;

/**
 * The client that sent an HTTP request.
 *
 * <p>Immutable.
 *
 * @param id the client's public id: 40 hexadecimal digits, a form that no other transport uses
 * @param room the room that the client says it is in; a valid name
 * @param remoteAddress the client's address
 */
public record Visitor(String id, String room, SocketAddress remoteAddress) {}
