package io.earshot.redis;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.say.RoomNames;
import io.earshot.spi.BrokerException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The rooms in which an owner may have members, or has published: a set in Redis. Other servers
 * read the set to remove what an owner that is dead has left in rooms.
 *
 * <p>A room that this server no longer uses stays in the set for a lease. Until then, a late
 * command of this server may still change the room. After that, {@link #removeUnused} removes the
 * room from the set, and the numbers of this server's posts from the room.
 *
 * <p>Thread-safe: entries are changed within the atomic steps of a concurrent map. The commands of
 * such a step are sent within it, so they reach Redis in the order of the steps.
 */
final class RoomIndex {
  /** A key that no set has. */
  private static final String UNKNOWN = "";

  /** How many rooms are removed at once. */
  private static final int MAX_REMOVED = 1_000;

  private final Keys keys;
  private final Failures failures;
  private final String peer;

  /** How long after its last use a room is removed, in nanoseconds. */
  private final long keptUnused;

  private final Map<String, Entry> indexed = new ConcurrentHashMap<>();

  /** A room that this server uses. */
  private static final class Entry {
    final RoomNames names;

    /** The key of the set that has the room; {@link #UNKNOWN} if Redis may have lost it. */
    volatile String key = UNKNOWN;

    /** Whether this server may have members in the room. */
    volatile boolean hasMembers;

    /** When the room was last used, by {@link System#nanoTime}. */
    volatile long usedAt;

    volatile CompletionStage<?> adding = CompletableFuture.completedStage(null);

    Entry(RoomNames names) {
      this.names = names;
    }
  }

  /**
   * An empty index.
   *
   * @param peer the name of this run of this server
   */
  RoomIndex(Keys keys, Failures failures, String peer, Duration lease) {
    this.keys = keys;
    this.failures = failures;
    this.peer = peer;
    this.keptUnused = lease.plus(lease.dividedBy(5)).toNanos();
  }

  /**
   * Adds a room in which this server may have members, until {@link #close}.
   *
   * @return complete when Redis has the room in the owner's set
   */
  CompletionStage<?> add(Connections redis, String owner, String room) {
    CompletionStage<?> added = use(redis, owner, room, true).adding;
    return added.<@Nullable Object>handle(
        (ignored, failure) -> {
          if (failure != null) {
            String why = String.valueOf(failures.translated(failure).getMessage());
            // In a Redis Cluster the set and the room may be on different servers. The room's
            // server may have run its script.
            throw new BrokerException(why, true);
          }
          return null;
        });
  }

  /** Adds a room in which this server publishes; gives its names. */
  RoomNames use(Connections redis, String owner, String room) {
    return use(redis, owner, room, false).names;
  }

  private Entry use(Connections redis, String owner, String room, boolean hasMembers) {
    String key = keys.rooms(owner);
    Entry used =
        indexed.compute(
            room,
            (ignored, known) -> {
              Entry entry = known == null ? new Entry(keys.names(room)) : known;
              entry.hasMembers |= hasMembers;
              entry.usedAt = System.nanoTime();
              if (!entry.key.equals(key)) {
                entry.key = key;
                entry.adding = redis.add(key, room);
              }
              return entry;
            });
    CompletableFuture<?> adding = used.adding.toCompletableFuture();
    if (adding.state() != Future.State.SUCCESS) {
      var unused =
          adding.whenComplete(
              (ignored, failure) -> {
                if (failure != null) {
                  forget(room, key);
                }
              });
    }
    return used;
  }

  private void forget(String room, String key) {
    var unused =
        indexed.computeIfPresent(
            room,
            (ignored, entry) -> {
              entry.key = entry.key.equals(key) ? UNKNOWN : entry.key;
              return entry;
            });
  }

  /** This server has no members in a room any more. */
  void close(String room) {
    var unused =
        indexed.computeIfPresent(
            room,
            (ignored, entry) -> {
              entry.hasMembers = false;
              entry.usedAt = System.nanoTime();
              return entry;
            });
  }

  /** Has every room added again when it is next used, since Redis may have lost the sets. */
  void reset() {
    for (String room : indexed.keySet()) {
      var unused =
          indexed.computeIfPresent(
              room,
              (ignored, entry) -> {
                entry.key = UNKNOWN;
                return entry;
              });
    }
  }

  /**
   * Compares the owner's set with this index: adds rooms that Redis has lost, and reports rooms
   * that this server does not use. Redis may have them from an older state.
   */
  void compare(Connections redis, String owner, Consumer<String> stray) {
    String key = keys.rooms(owner);
    var unused =
        redis
            .size(key)
            .thenCompose(
                size ->
                    size == indexed.size()
                        ? CompletableFuture.completedStage(null)
                        : redis
                            .elements(key)
                            .thenAccept(rooms -> correct(redis, owner, rooms, stray)));
  }

  private void correct(
      Connections redis, String owner, List<String> stored, Consumer<String> stray) {
    String key = keys.rooms(owner);
    var lost = new HashSet<>(indexed.keySet());
    for (String room : stored) {
      if (!lost.remove(room)) {
        // Without members it is removed again after a while.
        var unused =
            indexed.computeIfAbsent(
                room,
                ignored -> {
                  var entry = new Entry(keys.names(room));
                  entry.key = key;
                  entry.usedAt = System.nanoTime();
                  return entry;
                });
        stray.accept(room);
      }
    }
    for (String room : lost) {
      var unused =
          indexed.computeIfPresent(
              room,
              (ignored, entry) -> {
                entry.key = key;
                entry.adding = redis.add(key, room);
                return entry;
              });
    }
  }

  /** Removes rooms that have not been used for longer than a lease, and this server's numbers. */
  void removeUnused(Connections redis, String owner) {
    int removed = 0;
    for (Map.Entry<String, Entry> each : indexed.entrySet()) {
      if (isUnused(each.getValue()) && removed++ < MAX_REMOVED) {
        String room = each.getKey();
        var unused =
            indexed.computeIfPresent(
                room,
                (ignored, entry) -> {
                  if (!isUnused(entry)) {
                    return entry;
                  }
                  redis.deleteFields(keys.head(room), Keys.numbers(peer));
                  redis.remove(entry.key.equals(UNKNOWN) ? keys.rooms(owner) : entry.key, room);
                  return null;
                });
      }
    }
  }

  private boolean isUnused(Entry entry) {
    return !entry.hasMembers && System.nanoTime() - entry.usedAt > keptUnused;
  }
}
