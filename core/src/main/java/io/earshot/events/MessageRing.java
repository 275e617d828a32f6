package io.earshot.events;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The last messages of the rooms of one event loop, without their content: to add one allocates
 * nothing once the arrays have their full length.
 *
 * <p>Owned by that event loop.
 */
final class MessageRing {

  /** The bytes that one message takes in the arrays. */
  static final int MESSAGE_BYTES = 8 + 8 + 4 + 4 + 4 + 4;

  private static final int FIRST_CAPACITY = 64;

  private final int capacity;
  private long[] times = new long[0];
  private long[] offsets = new long[0];
  private int[] senders = new int[0];
  private @Nullable String[] rooms = new @Nullable String[0];
  private @Nullable String[] epochs = new @Nullable String[0];
  private @Nullable Audience[] audiences = new @Nullable Audience[0];

  /** Where the next message goes. */
  private int next;

  private boolean isFull;

  MessageRing(int capacity) {
    this.capacity = capacity;
  }

  void add(String room, Cursor place, int sender, @Nullable Audience audience, long at) {
    if (next == times.length) {
      makeRoom();
    }
    times[next] = at;
    offsets[next] = place.offset();
    senders[next] = sender;
    rooms[next] = room;
    epochs[next] = place.epoch();
    audiences[next] = audience;
    next++;
  }

  private void makeRoom() {
    if (times.length == capacity) {
      isFull = true;
      next = 0;
      return;
    }
    int length = Math.clamp(times.length * 2L, Math.min(FIRST_CAPACITY, capacity), capacity);
    times = Arrays.copyOf(times, length);
    offsets = Arrays.copyOf(offsets, length);
    senders = Arrays.copyOf(senders, length);
    rooms = Arrays.copyOf(rooms, length);
    epochs = Arrays.copyOf(epochs, length);
    audiences = Arrays.copyOf(audiences, length);
  }

  @Nullable RememberedMessage find(String room, Cursor place) {
    for (int i = next - 1; i >= 0; i--) {
      if (is(i, room, place)) {
        return at(i);
      }
    }
    for (int i = times.length - 1; isFull && i >= next; i--) {
      if (is(i, room, place)) {
        return at(i);
      }
    }
    return null;
  }

  private boolean is(int index, String room, Cursor place) {
    return offsets[index] == place.offset()
        && room.equals(rooms[index])
        && place.epoch().equals(epochs[index]);
  }

  private RememberedMessage at(int index) {
    return new RememberedMessage(times[index], senders[index], audiences[index]);
  }

  /** The time of the oldest message, if older ones were forgotten; else a given time. */
  long since(long start) {
    return isFull ? times[next == times.length ? 0 : next] : start;
  }
}
