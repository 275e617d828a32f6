package io.earshot.monitor;

import io.earshot.room.Room;
import io.earshot.room.Rooms;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Finds the first rooms in some order among all rooms of this server. Each loop looks at its rooms
 * in steps of a fraction of a millisecond, with a pause after each step, and hands over its first
 * ones only: a million rooms delay no message.
 *
 * <p>Thread-safe: what is found is kept for a moment under a lock, so that many who look at the
 * same list cost as much as one; each {@link ShardScan} belongs to its loop.
 */
public final class RoomScan {
  /** How many scans may wait or run. */
  static final int MOST_SCANS = 64;

  /** How long a list is the answer to the same question again, in milliseconds. */
  private static final long FRESH = 2_000;

  private static final int MOST_KEPT = 32;

  private final Rooms rooms;
  private final List<ShardScan> shards;
  private final Supplier<CompletableFuture<Map<String, Long>>> waiting;
  private final AtomicInteger underWay = new AtomicInteger();

  /** The lists of the last questions, oldest first. */
  private final Map<RoomQuery, Kept> kept = new LinkedHashMap<>();

  private record Kept(long since, CompletableFuture<List<RoomLine>> lines) {}

  /**
   * A scan of rooms.
   *
   * @param waiting finds the bytes that wait for slow consumers, by room
   */
  public RoomScan(Rooms rooms, Supplier<CompletableFuture<Map<String, Long>>> waiting) {
    this.rooms = rooms;
    this.waiting = waiting;
    this.shards = rooms.shards().stream().map(ShardScan::new).toList();
  }

  /**
   * Finds rooms by name, and does not look at their rates. The rooms of different loops are looked
   * at at slightly different moments.
   *
   * @return completed on any thread; failed with a {@link RejectedExecutionException} if too many
   *     wait for such lists
   */
  public CompletableFuture<List<RoomLine>> named(String after, int limit) {
    return scan(new RoomQuery(RoomQuery.Sort.NAME, "", after, limit), Map.of(), false);
  }

  /**
   * Finds rooms with their rates: the number of messages since the last such question, which was
   * two seconds ago at least.
   *
   * @return as of at most two seconds ago; completed as {@link #named}
   */
  public synchronized CompletableFuture<List<RoomLine>> find(RoomQuery query) {
    long now = rooms.elapsed();
    kept.values().removeIf(each -> now - each.since >= FRESH);
    Kept known = kept.get(query);
    if (known != null) {
      return known.lines.copy();
    }
    if (kept.size() >= MOST_KEPT) {
      kept.remove(kept.keySet().iterator().next());
    }
    CompletableFuture<List<RoomLine>> lines =
        waiting.get().thenCompose(bytes -> scan(query, bytes, true));
    kept.put(query, new Kept(now, lines));
    return lines.copy();
  }

  private CompletableFuture<List<RoomLine>> scan(
      RoomQuery query, Map<String, Long> waitingBytes, boolean withRates) {
    if (underWay.incrementAndGet() > MOST_SCANS) {
      underWay.decrementAndGet();
      return CompletableFuture.failedFuture(
          new RejectedExecutionException(
              "too many lists of rooms are being made; try again later"));
    }
    CompletableFuture<List<RoomLine>> lines = CompletableFuture.completedFuture(List.of());
    for (ShardScan shard : shards) {
      var part = new CompletableFuture<List<RoomLine>>();
      shard.begin(query, waitingBytes, withRates, part);
      lines =
          lines.thenCombine(
              part,
              (some, more) ->
                  Stream.concat(some.stream(), more.stream())
                      .sorted(query.order())
                      .limit(query.limit())
                      .toList());
    }
    return lines.whenComplete((ignored, failure) -> underWay.decrementAndGet());
  }

  /** Forgets the offsets from which rates are computed, once nobody looks any more. */
  void forgetOld() {
    shards.forEach(ShardScan::forgetOld);
  }

  /** The messages that a room has had. */
  static long offset(Room room) {
    return room.cursor().offset();
  }
}
