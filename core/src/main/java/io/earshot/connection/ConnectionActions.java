package io.earshot.connection;

import io.earshot.AddressRange;
import io.earshot.Connection;
import io.earshot.Target;
import io.earshot.UserPresence;
import io.earshot.Users;
import io.earshot.moderation.MeasureIndex;
import io.earshot.moderation.ModerationTargets;
import io.earshot.protocol.Json;
import io.earshot.room.Shard;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Actions on connections wherever they are, and on many at once: kicks, moves, bans and closed
 * rooms.
 *
 * <p>Thread-safe: each action runs on the loop of its connection.
 */
public final class ConnectionActions implements ModerationTargets {

  /** The number of connections that one task of a loop checks. */
  private static final int BATCH = 1_000;

  /** The sessions on the other servers of a cluster. Callable from any thread. */
  public interface PeerSessions {

    /**
     * Takes a session over from the server that has it.
     *
     * @param token the number of the token that the client has presented
     * @return the session; null if no server has it, or the token is not valid any more
     */
    CompletionStage<@Nullable Handover> handOver(String id, int token);

    /** Where a user is online on the other servers; incomplete if one of them does not answer. */
    CompletionStage<UserPresence> findUser(String id);

    /**
     * Makes the connections of a user on the other servers join or leave a room; incomplete if one
     * of them does not answer.
     */
    CompletionStage<Users.Moved> moveUser(String id, String room, boolean joins);

    /** The same for one connection, by its id. */
    CompletionStage<Users.Moved> moveConnection(String id, String room, boolean joins);

    /**
     * Asks all other servers.
     *
     * @return the answer of each server by its name; {@link Json.Null} for one that gives none
     */
    CompletionStage<Map<String, Json>> askAll(Json question);

    /** Closes a connection on another server; completed with whether there is one of this id. */
    CompletionStage<Boolean> close(String id, String reason);
  }

  private final Directory connections;
  private final List<Shard> shards;
  private volatile @Nullable PeerSessions peers;

  public ConnectionActions(Directory connections, List<Shard> shards) {
    this.connections = connections;
    this.shards = shards;
  }

  /** Also searches the other servers from now on. Called before the first client connects. */
  public void joinCluster(PeerSessions others) {
    peers = others;
  }

  public @Nullable PeerSessions peers() {
    return peers;
  }

  @Override
  public CompletionStage<Boolean> kick(String id, String reason) {
    Connection here = connections.find(id);
    PeerSessions others = peers;
    if (here != null) {
      here.close(reason);
    }
    return here != null || others == null
        ? CompletableFuture.completedStage(here != null)
        : others.close(id, reason);
  }

  /**
   * Makes a connection join or leave a room, on whichever server it is.
   *
   * @throws IllegalArgumentException if no client can join a room of this name
   */
  public CompletionStage<Users.Moved> move(String id, String room, boolean joins) {
    String name = OnlineUsers.valid(room);
    PeerSessions others = peers;
    return connections.find(id) == null && others != null
        ? others.moveConnection(id, name, joins)
        : OnlineUsers.moveHere(connections.withId(id), name, joins)
            .thenApply(count -> new Users.Moved(count, true));
  }

  @Override
  public void disconnect(Target target, String words) {
    forEach(
        who -> {
          if (matches(who, target)) {
            who.disconnect(words);
          }
        });
  }

  private static boolean matches(Participant who, Target target) {
    return switch (target) {
      case Target.Id(String id) -> who.hasId(id);
      case Target.Attribute(String name, String value) -> value.equals(who.attributes().get(name));
      case Target.Address(AddressRange range) -> MeasureIndex.isIn(range, who.remoteAddress());
    };
  }

  @Override
  public void removeFromRoom(String room, Json notice, String words) {
    forEach(who -> who.removeFromRoom(room, notice, words));
  }

  /** Runs an action for each connection on its loop, in batches, so that no loop is blocked. */
  private void forEach(Consumer<Participant> task) {
    List<Participant> all = connections.all();
    for (Shard shard : shards) {
      shard.tell(() -> runBatch(shard, all, 0, task));
    }
  }

  private static void runBatch(
      Shard shard, List<Participant> all, int from, Consumer<Participant> task) {
    int to = Math.min(all.size(), from + BATCH);
    for (Participant who : all.subList(from, to)) {
      if (who.shard() == shard) {
        task.accept(who);
      }
    }
    if (to < all.size()) {
      shard.later(() -> runBatch(shard, all, to, task));
    }
  }
}
