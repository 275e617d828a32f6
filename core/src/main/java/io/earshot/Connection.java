package io.earshot;

import io.earshot.protocol.User;
import java.net.SocketAddress;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletionStage;
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
   * The user that the client has logged in as.
   *
   * @return the user; null for a client that has not logged in
   */
  @Nullable User user();

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
   * Makes the client a member of one more room. Neither rules nor hooks are asked; hooks are told.
   * The client receives {@code {"context":"room","room":…,"status":"joined",…}}.
   *
   * @param room the room's name
   * @return whether the client joins; false for a member, for a client that has gone, and for an
   *     HTTP client, which is in one room. Completed on any thread when requests of the client that
   *     are under way are answered; the room sees later messages of server code after the join
   * @throws IllegalArgumentException if no client can join a room of this name
   */
  CompletionStage<Boolean> join(String room);

  /**
   * Makes the client leave a room; from its current room it moves to the default room. Hooks are
   * told. The client receives {@code {"context":"room","room":…,"status":"left"}}.
   *
   * @param room the room's name
   * @return whether the client leaves; false if it is no member, is an HTTP client, or has no other
   *     room to go to: from the default room as its current one, and for the room of a stream.
   *     Completed as for {@link #join}
   * @throws IllegalArgumentException if no client can join a room of this name
   */
  CompletionStage<Boolean> leave(String room);

  /**
   * Ends the connection. Returns at once; the connection's event loop does it.
   *
   * @param reason the reason that the client receives
   */
  void close(String reason);
}
