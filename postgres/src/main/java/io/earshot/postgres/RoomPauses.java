package io.earshot.postgres;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The rooms that could not be told a message lately. Each is left alone for a pause that doubles
 * with each failure, so that it does not hold back the others.
 *
 * <p>Owned by the thread of the source.
 */
final class RoomPauses {
  /** How many rooms are remembered; further ones are tried again without a pause of their own. */
  static final int MOST = 1_000;

  private static final long FIRST = 250_000_000L;
  private static final long LONGEST = 30_000_000_000L;

  private final LongSupplier clock;
  private final Map<String, Pause> rooms = new HashMap<>();

  /** A pause of a room, in nanoseconds. */
  private record Pause(long end, long length) {}

  /**
   * No pauses yet.
   *
   * @param clock the time in nanoseconds, such as {@code System::nanoTime}
   */
  RoomPauses(LongSupplier clock) {
    this.clock = clock;
  }

  /** A room could not be told a message. */
  void failed(String room) {
    Pause last = rooms.get(room);
    if (last == null && rooms.size() >= MOST) {
      return;
    }
    long length = last == null ? FIRST : Math.min(2 * last.length, LONGEST);
    rooms.put(room, new Pause(clock.getAsLong() + length, length));
  }

  /** A room was told a message. */
  void ended(String room) {
    rooms.remove(room);
  }

  /** Forgets the rooms whose pause is over and for which there is nothing any more. */
  void retain(Set<String> present) {
    long now = clock.getAsLong();
    rooms
        .entrySet()
        .removeIf(each -> each.getValue().end - now <= 0 && !present.contains(each.getKey()));
  }

  /** Whether a room has failed since it was last told everything. */
  boolean isAny() {
    return !rooms.isEmpty();
  }

  /** The rooms whose pause is not over yet. */
  String[] rooms() {
    long now = clock.getAsLong();
    return rooms.entrySet().stream()
        .filter(each -> each.getValue().end - now > 0)
        .map(Map.Entry::getKey)
        .toArray(String[]::new);
  }

  /** How long until the first of the pauses is over, in nanoseconds; at most {@code most}. */
  long left(long most) {
    long now = clock.getAsLong();
    long left = most;
    for (Pause each : rooms.values()) {
      long its = each.end - now;
      if (its > 0) {
        left = Math.min(left, its);
      }
    }
    return left;
  }
}
