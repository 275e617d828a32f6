package io.earshot.events;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The last events of one event loop.
 *
 * <p>Owned by that event loop.
 */
final class EventRing {
  private static final int FIRST_CAPACITY = 64;

  private final int capacity;
  private @Nullable Event[] ring = new @Nullable Event[0];
  private long count;

  EventRing(int capacity) {
    this.capacity = capacity;
  }

  void add(Event event) {
    if (count == ring.length && ring.length < capacity) {
      ring = Arrays.copyOf(ring, Math.clamp(ring.length * 2L, FIRST_CAPACITY, capacity));
    }
    ring[(int) (count++ % ring.length)] = event;
  }

  /** The events that pass a filter, the oldest first; the newest of them if there are too many. */
  List<Event> select(Predicate<Event> filter, int most) {
    var selected = new ArrayList<Event>();
    for (long i = count - 1; i >= oldest() && selected.size() < most; i--) {
      Event event = ring[(int) (i % ring.length)];
      if (event != null && filter.test(event)) {
        selected.add(event);
      }
    }
    return selected.reversed();
  }

  private long oldest() {
    return Math.max(0, count - ring.length);
  }

  /** The time of the oldest event, if older ones were forgotten; else a given time. */
  long since(long start) {
    Event oldest = count > ring.length ? ring[(int) (count % ring.length)] : null;
    return oldest == null ? start : oldest.at();
  }
}
