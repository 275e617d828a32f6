package io.earshot.spi;

import java.net.SocketAddress;

/**
 * Who an HTTP request is from.
 *
 * @param id its public id: 40 hexadecimal digits, so that it is nobody's id on another transport
 * @param room the room that it says it is in; a valid name
 * @param remoteAddress where the request is from
 */
public record Visitor(String id, String room, SocketAddress remoteAddress) {}
