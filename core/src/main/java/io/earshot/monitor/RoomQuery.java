package io.earshot.monitor;

import java.util.Comparator;

/**
 * A request for a part of the rooms of this server that have members or listeners.
 *
 * <p>Immutable.
 *
 * @param sort the order of the list
 * @param match only rooms whose name contains this text, in upper or lower case; empty for all
 * @param after only rooms whose name is after this one, if the list is sorted by name; empty for
 *     all
 * @param limit the largest number of rooms
 */
public record RoomQuery(Sort sort, String match, String after, int limit) {

  /** The order of a list of rooms. */
  public enum Sort {
    /** By name. */
    NAME,
    /** The room with most members first. */
    MEMBERS,
    /** The room with most messages a second first. */
    RATE,
    /** The room first for whose members most bytes wait. */
    LAG
  }

  /** The order; rooms that are equal in it are in the order of their names. */
  Comparator<RoomLine> order() {
    return switch (sort) {
      case NAME -> RoomLine.BY_NAME;
      case MEMBERS ->
          Comparator.comparingInt(RoomLine::members).reversed().thenComparing(RoomLine.BY_NAME);
      case RATE ->
          Comparator.comparingDouble(RoomLine::rate).reversed().thenComparing(RoomLine.BY_NAME);
      case LAG ->
          Comparator.comparingLong(RoomLine::waitingBytes)
              .reversed()
              .thenComparing(RoomLine.BY_NAME);
    };
  }

  boolean fits(String name) {
    return (sort != Sort.NAME || name.compareTo(after) > 0) && contains(name, match);
  }

  private static boolean contains(String name, String part) {
    for (int i = 0; i <= name.length() - part.length(); i++) {
      if (name.regionMatches(true, i, part, 0, part.length())) {
        return true;
      }
    }
    return false;
  }
}
