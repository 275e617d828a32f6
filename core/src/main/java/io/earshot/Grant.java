package io.earshot;

import io.earshot.config.Glob;
import java.time.Instant;
import java.util.Set;

/**
 * What a token allows, and whom.
 *
 * <p>Immutable.
 *
 * @param rooms the names of the rooms that it is for; {@code *} stands for anything
 * @param identity who has it, as the program that made it calls them, or empty; a connection that
 *     shows the token has this as its attribute {@code identity}
 * @param allowed what they may do there
 * @param until when it ends; tokens count whole seconds
 */
public record Grant(String rooms, String identity, Set<Permission> allowed, Instant until) {
  private static final int LONGEST = 256;

  /** The attribute that says who the bearer of a token is. */
  public static final String IDENTITY = "identity";

  /**
   * Copies the set, and checks the rest.
   *
   * @throws IllegalArgumentException if it is for no room, allows nothing, or has a name that is
   *     too long
   */
  public Grant {
    if (rooms.isEmpty() || allowed.isEmpty()) {
      throw new IllegalArgumentException("a token is for a room, and allows something there");
    }
    if (rooms.length() > LONGEST || identity.length() > LONGEST) {
      throw new IllegalArgumentException(
          "the names in a token have at most " + LONGEST + " characters");
    }
    allowed = Set.copyOf(allowed);
  }

  /**
   * Whether it is for a room.
   *
   * @param room the room's name
   * @return true if it is
   */
  public boolean isFor(String room) {
    return new Glob(rooms).matches(room);
  }
}
