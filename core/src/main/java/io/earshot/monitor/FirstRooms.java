package io.earshot.monitor;

import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * The first rooms in the order of a query, of all that are offered.
 *
 * <p>Owned by the thread that makes it.
 */
final class FirstRooms {
  private final Comparator<RoomLine> order;
  private final int limit;
  private final TreeSet<RoomLine> first;

  FirstRooms(RoomQuery query) {
    this.order = query.order();
    this.limit = query.limit();
    this.first = new TreeSet<>(order);
  }

  void offer(RoomLine line) {
    if (first.size() < limit || order.compare(line, first.last()) < 0) {
      first.add(line);
      if (first.size() > limit) {
        first.removeLast();
      }
    }
  }

  List<RoomLine> all() {
    return List.copyOf(first);
  }
}
