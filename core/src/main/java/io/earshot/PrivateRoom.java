package io.earshot;

import java.time.Duration;
import java.util.Set;

/**
 * A room that nobody comes to without a token, and whose name nobody guesses.
 *
 * <p>Immutable; callable from any thread. It is remembered by nobody: its tokens are what makes it,
 * and {@link ChatRoom#privateRoom} is it again by its name.
 */
public interface PrivateRoom {
  /**
   * The room's name.
   *
   * @return the name, which is no secret
   */
  String name();

  /**
   * Makes a token with which somebody may join the room, say something there, and listen to it.
   *
   * @param identity who is to have it, as this program calls them: a user's name, say
   * @param lifetime how long it holds; tokens count whole seconds
   * @return the token, for nobody else: who has it is let in
   * @throws IllegalStateException if the keys of the setting {@code tokens.keys} only check tokens
   */
  String token(String identity, Duration lifetime);

  /**
   * Makes a token with which somebody may do some of that.
   *
   * @param identity who is to have it, as this program calls them
   * @param lifetime how long it holds; tokens count whole seconds
   * @param allowed what they may do
   * @return the token
   * @throws IllegalArgumentException if nothing is allowed, or the identity is too long
   * @throws IllegalStateException if the keys of the setting {@code tokens.keys} only check tokens
   */
  String token(String identity, Duration lifetime, Set<Permission> allowed);
}
