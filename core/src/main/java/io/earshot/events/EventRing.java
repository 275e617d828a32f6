package io.earshot.events;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.User;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The last events of one event loop, in arrays without an object and without an id's text for each:
 * a client that connects makes three of them. The arrays are made in parts, as they are needed.
 *
 * <p>Owned by that event loop.
 */
final class EventRing {
  private static final int PART = 1024;

  /** The longs of an event: at, both halves of the id, from, to. */
  private static final int LONGS = 5;

  /** The texts of an event: room, epoch, id if it is text, user, name, detail. */
  private static final int TEXTS = 6;

  private final int capacity;
  private final List<Part> parts = new ArrayList<>();
  private long count;

  /** The events of some places. */
  private static final class Part {
    private final long[] longs;
    private final EventKind[] kinds;
    private final @Nullable String[] texts;
    private final @Nullable Map<String, String>[] attributes;

    @SuppressWarnings({"unchecked", "rawtypes"}) // there is no other array of a generic type
    Part(int length) {
      longs = new long[length * LONGS];
      kinds = new EventKind[length];
      texts = new String[length * TEXTS];
      attributes = new Map[length];
    }

    Event at(int index) {
      int number = index * LONGS;
      int text = index * TEXTS;
      String id = texts[text + 2];
      HexFormat hex = HexFormat.of();
      return new Event(
          longs[number],
          kinds[index],
          texts[text],
          texts[text + 1],
          id != null ? id : hex.toHexDigits(longs[number + 1]) + hex.toHexDigits(longs[number + 2]),
          texts[text + 3],
          texts[text + 4],
          longs[number + 3],
          longs[number + 4],
          texts[text + 5],
          attributes[index]);
    }
  }

  EventRing(int capacity) {
    this.capacity = capacity;
  }

  /** Adds an event; see {@link Event}. */
  void add(
      long at,
      EventKind kind,
      Recipient who,
      @Nullable String room,
      @Nullable Cursor place,
      long from,
      @Nullable String detail,
      @Nullable Map<String, String> attributes) {
    int slot = slot(count);
    if (slot / PART == parts.size()) {
      parts.add(new Part(Math.min(PART, capacity - slot)));
    }
    Part part = parts.get(slot / PART);
    int index = slot % PART;
    long idHigh = who.idHigh();
    long idLow = who.idLow();
    User user = who.user();
    int number = index * LONGS;
    part.longs[number] = at;
    part.longs[number + 1] = idHigh;
    part.longs[number + 2] = idLow;
    part.longs[number + 3] = from;
    part.longs[number + 4] = place == null ? 0 : place.offset();
    part.kinds[index] = kind;
    int text = index * TEXTS;
    part.texts[text] = room;
    part.texts[text + 1] = place == null ? null : place.epoch();
    part.texts[text + 2] = (idHigh | idLow) == 0 ? who.id() : null;
    part.texts[text + 3] = user == null ? null : user.id();
    part.texts[text + 4] = user == null ? null : user.name();
    part.texts[text + 5] = detail;
    part.attributes[index] = attributes;
    count++;
  }

  /**
   * The events about a room, or about all rooms, that pass a filter, the oldest first; the newest
   * of them if there are too many.
   */
  List<Event> select(String room, Predicate<Event> filter, int most) {
    var selected = new ArrayList<Event>();
    for (long i = count - 1; i >= Math.max(0, count - capacity) && selected.size() < most; i--) {
      int slot = slot(i);
      Part part = parts.get(slot / PART);
      String about = part.texts[slot % PART * TEXTS];
      if (about == null || about.equals(room)) { // events of other rooms are not made into objects
        Event event = part.at(slot % PART);
        if (filter.test(event)) {
          selected.add(event);
        }
      }
    }
    return selected.reversed();
  }

  private int slot(long number) {
    return (int) (number % capacity);
  }

  /** The time of the oldest event, if older ones were forgotten; else a given time. */
  long since(long start) {
    int oldest = slot(count);
    return count > capacity ? parts.get(oldest / PART).longs[oldest % PART * LONGS] : start;
  }
}
