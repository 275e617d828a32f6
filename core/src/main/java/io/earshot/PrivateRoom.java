package io.earshot;

import java.time.Duration;
import java.util.Set;

/**
 * A room with an unguessable name that requires a token. The server keeps no record of it: the name
 * and the tokens are all there is, and {@link ChatRoom#privateRoom} makes the same room from its
 * name.
 *
 * <p>Immutable; callable from any thread.
 */
public interface PrivateRoom {
  /**
   * The room's name.
   *
   * @return the name, which need not be secret
   */
  String name();

  /**
   * Makes a token that allows everything in this room: to join, to send messages, and to listen.
   *
   * @param identity the name of the bearer in this program, such as a user name; may be empty
   * @param lifetime how long the token is valid; tokens carry whole seconds
   * @return the token. It must be kept secret, since it admits any client that shows it
   * @throws IllegalArgumentException if the identity is longer than 256 characters
   * @throws IllegalStateException if no key of the setting {@code tokens.keys} can sign
   */
  String token(String identity, Duration lifetime);

  /**
   * Makes a token that allows some of that.
   *
   * @param identity the name of the bearer in this program; may be empty
   * @param lifetime how long the token is valid; tokens carry whole seconds
   * @param allowed the permissions of the bearer
   * @return the token
   * @throws IllegalArgumentException if nothing is allowed, or the identity is longer than 256
   *     characters
   * @throws IllegalStateException if no key of the setting {@code tokens.keys} can sign
   */
  String token(String identity, Duration lifetime, Set<Permission> allowed);
}
