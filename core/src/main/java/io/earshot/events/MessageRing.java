package io.earshot.events;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
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

  /** The messages of a room from a place on that are remembered, by their offsets. */
  Map<Long, RememberedMessage> find(String room, Cursor first, int count) {
    var found = new HashMap<Long, RememberedMessage>();
    int length = isFull ? times.length : next;
    for (int i = 1; i <= length && found.size() < count; i++) {
      int index = before(i);
      if (offsets[index] >= first.offset()
          && offsets[index] < first.offset() + count
          && room.equals(rooms[index])
          && first.epoch().equals(epochs[index])) {
        found.putIfAbsent(offsets[index], at(index));
      }
    }
    return found;
  }

  /** The place of the newest message of a room; null if none is remembered. */
  @Nullable Cursor last(String room) {
    int length = isFull ? times.length : next;
    for (int i = 1; i <= length; i++) {
      int index = before(i);
      String epoch = epochs[index];
      if (room.equals(rooms[index]) && epoch != null) {
        return new Cursor(epoch, offsets[index]);
      }
    }
    return null;
  }

  /** Where the message is that came so many messages before the next one. */
  private int before(int count) {
    return next >= count ? next - count : next - count + times.length;
  }

  private RememberedMessage at(int index) {
    return new RememberedMessage(times[index], senders[index], audiences[index]);
  }

  /** The time of the oldest message, if older ones were forgotten; else a given time. */
  long since(long start) {
    return isFull ? times[next == times.length ? 0 : next] : start;
  }
}
