package io.earshot.redis;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.spi.BrokerException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The rooms in which an owner may have members, as a set in Redis. Other servers read the set to
 * remove the members of an owner that is dead.
 *
 * <p>Thread-safe: a concurrent map.
 */
final class RoomIndex {
  /** A key that no set has. */
  private static final String UNKNOWN = "";

  private final Keys keys;
  private final Failures failures;

  /** For each room the key of the set that has it; {@link #UNKNOWN} if Redis may have lost it. */
  private final Map<String, String> indexed = new ConcurrentHashMap<>();

  RoomIndex(Keys keys, Failures failures) {
    this.keys = keys;
    this.failures = failures;
  }

  /** Adds a room to the owner's set; complete when Redis has it there. */
  CompletionStage<?> add(Connections redis, String owner, String room) {
    String index = keys.rooms(owner);
    if (index.equals(indexed.put(room, index))) {
      return CompletableFuture.completedStage(null);
    }
    return redis
        .add(index, room)
        .<@Nullable Object>handle(
            (_, failure) -> {
              if (failure != null) {
                indexed.replace(room, index, UNKNOWN);
                String why = String.valueOf(failures.translated(failure).getMessage());
                // In a Redis Cluster the set and the room may be on different servers. The room's
                // server may have run its script.
                throw new BrokerException(why, true);
              }
              return null;
            });
  }

  /** Removes a room in which this server has no members any more. */
  void remove(Connections redis, String owner, String room) {
    if (indexed.remove(room) != null) {
      redis.remove(keys.rooms(owner), room);
    }
  }

  /** Has every room added again when it is next used, since Redis may have lost the sets. */
  void reset() {
    indexed.replaceAll((_, _) -> UNKNOWN);
  }
}
