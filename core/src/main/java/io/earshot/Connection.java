package io.earshot;

import java.net.SocketAddress;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client, as server code sees it.
 *
 * <p>Thread-safe: what changes is read from volatile fields, and changed by telling the
 * connection's event loop.
 */
public non-sealed interface Connection extends Sender {

  /**
   * The name that others see in {@code from} and in the members of a room.
   *
   * @return hexadecimal digits: 32 random ones, or 40 for a client that comes by HTTP
   */
  String id();

  /**
   * How the client reached the server.
   *
   * @return the transport
   */
  Transport transport();

  /**
   * Where the client connected from.
   *
   * @return the address of the other end
   */
  SocketAddress remoteAddress();

  /**
   * When the client connected.
   *
   * @return the time
   */
  Instant connectedAt();

  /**
   * The room that the client is in.
   *
   * @return the room's name
   */
  String room();

  /**
   * What server code said of the client, as a snapshot. Messages can be aimed at those whose
   * attribute equals a value, and clients cannot set attributes, so this is fit for permissions.
   *
   * @return the attributes by name
   */
  Map<String, String> attributes();

  /**
   * Sets an attribute, or removes it. It lasts as long as the connection.
   *
   * @param name the attribute's name
   * @param value its value, or null to remove it
   */
  void set(String name, @Nullable String value);

  /**
   * Says goodbye and ends the connection. Returns at once.
   *
   * @param reason the reason that the client is told
   */
  void close(String reason);
}
