package io.earshot.redis;

import static io.earshot.redis.connection.Utf8.text;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.spi.Broker.Present;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Reads the members of rooms.
 *
 * <p>Thread-safe: no state of its own.
 */
final class RoomMembers {
  private final ClusterState state;
  private final Keys keys;
  private final RoomIndex index;
  private final Failures failures;

  RoomMembers(ClusterState state, Keys keys, RoomIndex index, Failures failures) {
    this.state = state;
    this.keys = keys;
    this.index = index;
    this.failures = failures;
  }

  /**
   * A member as Redis stores it.
   *
   * @param owner the owner whose lease the member depends on
   * @param rank the member's place in the order of joining
   */
  record StoredMember(String id, String owner, long rank) {
    private static StoredMember parse(String id, String value) {
      int space = value.lastIndexOf(' ');
      return new StoredMember(
          id, value.substring(0, space), Long.parseLong(value.substring(space + 1)));
    }
  }

  /** The members whose owners are not dead, in the order in which they joined. */
  CompletionStage<List<Present>> present(String room) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    Set<String> dead = state.dead();
    String owner = state.owner();
    return stored(room)
        .thenCompose(
            all -> {
              List<Present> present =
                  all.stream()
                      .filter(member -> !dead.contains(member.owner))
                      .map(
                          member ->
                              new Present(
                                  member.id,
                                  ClusterState.peerOf(member.owner),
                                  member.owner.equals(owner)))
                      .toList();
              // A Redis Cluster may have lost the server with the index, but not the room's server.
              return present.stream().anyMatch(Present::isCurrent)
                  ? index.add(redis, owner, room).thenApply(_ -> present)
                  : CompletableFuture.completedStage(present);
            });
  }

  /** All members that Redis stores, those of dead owners too, in the order of joining. */
  CompletionStage<List<StoredMember>> stored(String room) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    return failures
        .translated(redis.hash(keys.members(room)))
        .thenApply(
            fields -> {
              var all = new ArrayList<StoredMember>(fields.size());
              fields.forEach((id, value) -> all.add(StoredMember.parse(id, text(value))));
              all.sort((a, b) -> Long.compare(a.rank, b.rank));
              return all;
            });
  }
}
