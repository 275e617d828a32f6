package io.earshot.events;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The last messages of the rooms of one event loop, without their content: to add one allocates
 * nothing once all arrays are there. They are made in parts, as they are needed.
 *
 * <p>Owned by that event loop.
 */
final class MessageRing {

  /** The bytes that one message takes in the arrays. */
  static final int MESSAGE_BYTES = 8 + 8 + 4 + 4 + 4 + 4;

  private static final int PART = 1024;

  private final int capacity;
  private final List<Part> parts = new ArrayList<>();
  private long count;

  /** The messages of some places. */
  private static final class Part {
    private final long[] times;
    private final long[] offsets;
    private final int[] senders;
    private final @Nullable String[] rooms;
    private final @Nullable String[] epochs;
    private final @Nullable Audience[] audiences;

    Part(int length) {
      times = new long[length];
      offsets = new long[length];
      senders = new int[length];
      rooms = new String[length];
      epochs = new String[length];
      audiences = new Audience[length];
    }
  }

  MessageRing(int capacity) {
    this.capacity = capacity;
  }

  void add(String room, Cursor place, int sender, @Nullable Audience audience, long at) {
    int slot = slot(count);
    if (slot / PART == parts.size()) {
      parts.add(new Part(Math.min(PART, capacity - slot)));
    }
    Part part = parts.get(slot / PART);
    int index = slot % PART;
    part.times[index] = at;
    part.offsets[index] = place.offset();
    part.senders[index] = sender;
    part.rooms[index] = room;
    part.epochs[index] = place.epoch();
    part.audiences[index] = audience;
    count++;
  }

  /** The messages of a room from a place on that are remembered, by their offsets. */
  Map<Long, RememberedMessage> find(String room, Cursor first, int most) {
    var found = new HashMap<Long, RememberedMessage>();
    for (long i = count - 1; i >= oldest() && found.size() < most; i--) {
      Part part = part(i);
      int index = index(i);
      if (part.offsets[index] >= first.offset()
          && part.offsets[index] < first.offset() + most
          && room.equals(part.rooms[index])
          && first.epoch().equals(part.epochs[index])) {
        found.putIfAbsent(
            part.offsets[index],
            new RememberedMessage(part.times[index], part.senders[index], part.audiences[index]));
      }
    }
    return found;
  }

  /** The place of the newest message of a room; null if none is remembered. */
  @Nullable Cursor last(String room) {
    for (long i = count - 1; i >= oldest(); i--) {
      String epoch = part(i).epochs[index(i)];
      if (room.equals(part(i).rooms[index(i)]) && epoch != null) {
        return new Cursor(epoch, part(i).offsets[index(i)]);
      }
    }
    return null;
  }

  private long oldest() {
    return Math.max(0, count - capacity);
  }

  private int slot(long number) {
    return (int) (number % capacity);
  }

  private Part part(long number) {
    return parts.get(slot(number) / PART);
  }

  private int index(long number) {
    return slot(number) % PART;
  }

  /** The time of the oldest message, if older ones were forgotten; else a given time. */
  long since(long start) {
    return count > capacity ? part(oldest()).times[index(oldest())] : start;
  }
}
