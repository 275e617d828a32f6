package io.earshot.cluster;

import io.earshot.room.Room;
import io.earshot.room.Shard;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletionStage;

/**
 * Compares the rooms of one event loop with the broker's lists of members, each room once in the
 * time of a lease, and a few rooms at a time.
 *
 * <p>Owned by that event loop.
 */
final class ListChecks {
  /** How many rooms ask the broker at once. */
  private static final int MAX_ASKING = 32;

  private final Shard shard;

  /** The rooms that are to be checked in this round. */
  private final Queue<Room> due = new ArrayDeque<>(0);

  /** How many rooms are checked each time the lease is renewed. */
  private int share;

  /** How many of the share are not checked. */
  private int left;

  private int asking;

  ListChecks(Shard shard) {
    this.shard = shard;
  }

  /** Checks the next rooms. */
  void renewed(int timesPerLease) {
    if (due.isEmpty()) {
      due.addAll(shard.rooms());
      share = Math.ceilDiv(due.size(), timesPerLease);
    }
    left = share;
    next();
  }

  private void next() {
    while (left > 0 && asking < MAX_ASKING && !due.isEmpty()) {
      left--;
      ClusterOrder order = Cluster.order(due.remove());
      CompletionStage<?> asked = order.isClosed() ? null : order.members().check();
      if (asked != null) {
        asking++;
        var unused = asked.whenComplete((ignored, failure) -> shard.later(this::answered));
      }
    }
  }

  private void answered() {
    asking--;
    next();
  }
}
