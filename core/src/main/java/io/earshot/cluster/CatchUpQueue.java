package io.earshot.cluster;

import io.earshot.room.Shard;
import io.earshot.stats.Gauge;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * The rooms of one event loop that are to read their missing messages from the broker, a few at a
 * time: the requests of all rooms at once would take the broker longer than its timeout.
 *
 * <p>Owned by that event loop.
 */
final class CatchUpQueue {
  /** How many rooms read at once. */
  private static final int MAX_READING = 250;

  private final Shard shard;
  private final Queue<CatchUp> queue = new ArrayDeque<>(0);
  private int reading;

  CatchUpQueue(Shard shard) {
    this.shard = shard;
  }

  void add(CatchUp room) {
    queue.add(room);
    next();
  }

  private void next() {
    CatchUp next = reading < MAX_READING ? queue.poll() : null;
    if (next != null) {
      reading++;
      var unused =
          next.readInTurn()
              .whenComplete(
                  (ignored, failure) ->
                      shard.later(
                          () -> {
                            reading--;
                            next();
                          }));
    }
    shard.stats().set(Gauge.CATCH_UPS, queue.size() + reading);
  }
}
