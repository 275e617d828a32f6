package io.earshot;

import java.net.SocketAddress;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client, as server code sees it.
 *
 * <p>Thread-safe: reads volatile fields, and leaves changes to the connection's event loop.
 */
public non-sealed interface Connection extends Sender {

  /**
   * The public id, which other clients see in {@code from} and among the members of a room.
   *
   * @return hexadecimal digits: 32 random ones, or 40 for an HTTP client
   */
  String id();

  /**
   * The transport by which the client came.
   *
   * @return the transport
   */
  Transport transport();

  /**
   * The address of the client; behind a trusted proxy the address that the proxy sends.
   *
   * @return the address
   */
  SocketAddress remoteAddress();

  /**
   * The time at which the client connected.
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
   * The attributes that server code, or a token, has set. Clients cannot set attributes, so they
   * are fit for permissions: an audience can select the clients whose attribute has a value.
   *
   * @return a snapshot of the attributes by name
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
   * Ends the connection. Returns at once; the connection's event loop does it.
   *
   * @param reason the reason that the client receives
   */
  void close(String reason);
}
