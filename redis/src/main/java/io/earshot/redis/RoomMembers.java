package io.earshot.redis;

import static io.earshot.redis.connection.Utf8.bytes;
import static io.earshot.redis.connection.Utf8.text;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.User;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.Script;
import io.earshot.spi.Broker.Entries;
import io.earshot.spi.Broker.Entry;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.Broker.Tally;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the members of rooms.
 *
 * <p>Thread-safe: a concurrent map.
 */
final class RoomMembers {
  /** The list of a room with fewer members is read each time. */
  private static final int MIN_KEPT = 32;

  /** How many lists are kept. */
  private static final int MAX_KEPT = 64;

  private final ClusterState state;
  private final Keys keys;
  private final RoomIndex index;
  private final Failures failures;

  /** The last read lists of large rooms, by room. */
  private final Map<String, Snapshot> snapshots = new ConcurrentHashMap<>();

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
   * @param user the member's user; null for none
   */
  record StoredMember(String id, String owner, long rank, @Nullable User user) {
    /** Parses an entry; {@link Keys#members} has the format. */
    private static StoredMember parse(String id, String value) {
      int space = value.indexOf(' ');
      int end = value.indexOf(' ', space + 1);
      int feed = value.indexOf('\n', space + 1);
      return new StoredMember(
          id,
          value.substring(0, space),
          Long.parseLong(value.substring(space + 1, end < 0 ? value.length() : end)),
          feed < 0 ? null : storedUser(value.substring(feed + 1)));
    }
  }

  /** A user that a server has stored; null for none. */
  private static @Nullable User storedUser(String json) {
    try {
      return json.isEmpty() ? null : User.of((Json.Obj) Json.parse(json));
    } catch (MalformedJsonException | ClassCastException | IllegalArgumentException e) {
      return null; // no server wrote it
    }
  }

  /**
   * A list of members that was read, or is being read, for all who ask for it until it changes.
   *
   * @param version the state of the room's list
   * @param owner this server's owner
   * @param dead the owners whose members are not in the list
   */
  private record Snapshot(
      String version, String owner, Set<String> dead, CompletionStage<List<Present>> members) {

    boolean isOf(String now, String us, Set<String> gone) {
      return version.equals(now) && owner.equals(us) && dead.equals(gone);
    }
  }

  /**
   * The members whose owners are not dead, in the order in which they joined. The list of a large
   * room is read once for each change of it, however many ask.
   */
  CompletionStage<List<Present>> present(String room) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    Set<String> dead = state.dead();
    String owner = state.owner();
    if (!snapshots.containsKey(room)) {
      // Both at once: most rooms are small, and their lists are not kept.
      CompletionStage<String> version = version(redis, room);
      CompletionStage<List<Present>> members = read(room, owner, dead);
      return version.thenCombine(
          members,
          (now, read) -> {
            if (read.size() >= MIN_KEPT) {
              keep(room, new Snapshot(now, owner, dead, members));
            }
            return read;
          });
    }
    return version(redis, room)
        .thenCompose(
            now ->
                snapshots
                    .compute(
                        room,
                        (ignored, kept) ->
                            kept != null && kept.isOf(now, owner, dead)
                                ? kept
                                : new Snapshot(now, owner, dead, read(room, owner, dead)))
                    .members
                    .whenComplete((read, ignored) -> forgetSmall(room, read)));
  }

  private void keep(String room, Snapshot snapshot) {
    if (snapshots.size() >= MAX_KEPT) {
      snapshots.clear();
    }
    snapshots.put(room, snapshot);
  }

  private void forgetSmall(String room, @Nullable List<Present> read) {
    if (read == null || read.size() < MIN_KEPT) {
      snapshots.remove(room);
    }
  }

  /**
   * A text that differs between any two states of a room's list: a join increases the number of
   * joins, a takeover or a change of a user that of takeovers, and without a join a leave decreases
   * the number of members. The version is read before the list, so a list is never older than its
   * version.
   */
  private CompletionStage<String> version(Connections redis, String room) {
    CompletionStage<Long> length = redis.length(keys.members(room));
    return failures.translated(
        redis
            .fields(keys.head(room), "e", "m", "t")
            .thenCombine(
                length,
                (head, count) ->
                    head.stream()
                        .map(value -> value == null ? "" : text(value))
                        .collect(Collectors.joining(" ", "", " " + count))));
  }

  private CompletionStage<List<Present>> read(String room, String owner, Set<String> dead) {
    return stored(room)
        .thenCompose(
            all -> {
              List<Present> present =
                  all.stream()
                      .filter(member -> !dead.contains(member.owner))
                      .map(
                          member -> new Present(member.id, member.owner.equals(owner), member.user))
                      .toList();
              boolean areOurs = present.stream().anyMatch(Present::isCurrent);
              return indexed(owner, room, areOurs).thenApply(ignored -> present);
            });
  }

  /** A Redis Cluster may have lost the server with the index, but not the room's server. */
  private CompletionStage<?> indexed(String owner, String room, boolean hasMembers) {
    if (!hasMembers) {
      return CompletableFuture.completedStage(null);
    }
    Connections redis = state.connections();
    return redis == null ? state.unavailable() : index.add(redis, owner, room);
  }

  /** The count of this server's members; see {@link io.earshot.spi.Broker#tally}. */
  CompletionStage<Tally> tally(String room) {
    String owner = state.owner();
    return run(Scripts.TALLY, room, owner)
        .thenApply(
            answer -> {
              String[] counted = text(answer.get(2)).split(" ", 2);
              return new Tally(
                  owner,
                  Cursor.parse(text(answer.get(0)) + ":" + text(answer.get(1))),
                  Long.parseLong(counted[0]),
                  Long.parseLong(counted[1]));
            });
  }

  /** The members of this server; see {@link io.earshot.spi.Broker#entries}. */
  CompletionStage<Entries> entries(String room) {
    String owner = state.owner();
    return run(Scripts.ENTRIES, room, owner)
        .thenCompose(
            answer -> {
              var ours = new ArrayList<Entry>();
              for (int i = 0; i < answer.size(); i += 2) {
                ours.add(new Entry(text(answer.get(i)), storedUser(text(answer.get(i + 1)))));
              }
              return indexed(owner, room, !ours.isEmpty())
                  .thenApply(ignored -> new Entries(owner, ours));
            });
  }

  private CompletionStage<List<Object>> run(Script script, String room, String owner) {
    Connections redis = state.connections();
    return redis == null
        ? state.unavailable()
        : failures.translated(
            redis.run(
                script,
                new String[] {keys.head(room), keys.members(room), keys.users(room)},
                bytes(owner)));
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
