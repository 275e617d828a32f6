package io.earshot.spi;

import io.earshot.protocol.Json;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The client that sent an HTTP request.
 *
 * <p>Immutable.
 *
 * @param id the client's public id: 40 hexadecimal digits, a form that no other transport uses
 * @param room the room that the client says it is in; a valid name
 * @param remoteAddress the client's address
 * @param verified the client's login, which was checked; null without one
 * @param request what the client has sent, for hooks
 */
public record Visitor(
    String id,
    String room,
    SocketAddress remoteAddress,
    @Nullable VerifiedLogin verified,
    ConnectRequest request) {

  /**
   * A client without a login, of which only the address is known.
   *
   * @param id the client's public id
   * @param room the room that the client says it is in
   * @param remoteAddress the client's address
   */
  public Visitor(String id, String room, SocketAddress remoteAddress) {
    this(id, room, remoteAddress, null, ConnectRequest.NONE);
  }

  /**
   * The client's login.
   *
   * @return the login; null without one
   */
  public @Nullable Login login() {
    return verified == null ? null : verified.login();
  }

  /**
   * The claims of the token by which the client has logged in.
   *
   * @return the claims; null without a login
   */
  public Json.@Nullable Obj claims() {
    return verified == null ? null : verified.claims();
  }
}
