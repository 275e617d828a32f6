package io.earshot;

import io.earshot.config.Glob;
import java.time.Instant;
import java.util.Set;

/**
 * The permissions that a token gives its bearer.
 *
 * <p>Immutable.
 *
 * @param rooms the pattern of room names; {@code *} matches any characters
 * @param identity the name of the bearer in the program that made the token, or empty. A connection
 *     that shows the token has it as its attribute {@code identity}
 * @param allowed the bearer's permissions in these rooms
 * @param until when the token expires; tokens carry whole seconds
 */
public record Grant(String rooms, String identity, Set<Permission> allowed, Instant until) {
  private static final int LONGEST = 256;

  /** The name of the attribute with the identity of a token's bearer. */
  public static final String IDENTITY = "identity";

  /**
   * Copies the set, and checks the rest.
   *
   * @throws IllegalArgumentException if the pattern is empty, nothing is allowed, or the pattern or
   *     identity is longer than 256 characters
   */
  public Grant {
    if (rooms.isEmpty() || allowed.isEmpty()) {
      throw new IllegalArgumentException("a token must be for a room and allow something there");
    }
    if (rooms.length() > LONGEST || identity.length() > LONGEST) {
      throw new IllegalArgumentException(
          "the names in a token have at most " + LONGEST + " characters");
    }
    allowed = Set.copyOf(allowed);
  }

  /**
   * Whether the grant is for a room.
   *
   * @param room the room's name
   * @return true if the pattern matches the name
   */
  public boolean isFor(String room) {
    return new Glob(rooms).matches(room);
  }
}
