package io.earshot.connection;

import io.earshot.UserPresence;
import io.earshot.UserPresence.UserConnection;
import io.earshot.Users;
import io.earshot.connection.ConnectionActions.PeerSessions;
import io.earshot.protocol.RoomName;
import io.earshot.room.Shard;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Where users are online: on this server, and on the others of the cluster.
 *
 * <p>Thread-safe: final parts, which are thread-safe. Each connection is asked on its loop.
 */
public final class OnlineUsers implements Users {
  /** The number of connections that one task of a loop moves. */
  private static final int BATCH = 100;

  private final Directory connections;
  private final ConnectionActions actions;
  private final String server;

  /**
   * The users of a server.
   *
   * @param server the name of this run of this server
   */
  public OnlineUsers(Directory connections, ConnectionActions actions, String server) {
    this.connections = connections;
    this.actions = actions;
    this.server = server;
  }

  @Override
  public CompletionStage<UserPresence> find(String id) {
    CompletionStage<UserPresence> here = here(connections, server, id);
    PeerSessions peers = actions.peers();
    return peers == null ? here : here.thenCombine(peers.findUser(id), UserPresence::plus);
  }

  @Override
  public CompletionStage<Moved> join(String id, String room) {
    return move(id, room, true);
  }

  @Override
  public CompletionStage<Moved> leave(String id, String room) {
    return move(id, room, false);
  }

  private CompletionStage<Moved> move(String id, String room, boolean joins) {
    String name = valid(room);
    CompletionStage<Moved> here =
        moveHere(connections.ofUser(id), name, joins).thenApply(count -> new Moved(count, true));
    PeerSessions peers = actions.peers();
    return peers == null ? here : here.thenCombine(peers.moveUser(id, name, joins), Moved::plus);
  }

  /** Makes one connection join or leave a room; see {@link io.earshot.Connection#join}. */
  static CompletionStage<Boolean> move(Participant connection, String room, boolean joins) {
    String name = valid(room);
    var moved = new CompletableFuture<Boolean>();
    connection.tell(() -> connection.moveByServer(name, joins, moved::complete));
    return moved;
  }

  static String valid(String room) {
    if (!canBeJoined(room)) {
      throw new IllegalArgumentException(
          "room names have 1 to "
              + RoomName.MAX_LENGTH
              + " characters and no control characters, and do not begin with @");
    }
    return room;
  }

  /** Whether clients can be members of a room of this name. */
  public static boolean canBeJoined(String room) {
    return RoomName.isValid(room) && !RoomName.isInbox(room);
  }

  /** Makes connections of this server join or leave a room, and counts those that do. */
  public static CompletionStage<Integer> moveHere(
      List<Participant> all, String room, boolean joins) {
    var done = new CompletableFuture<Integer>();
    if (all.isEmpty()) {
      done.complete(0);
    }
    var missing = new AtomicInteger(all.size());
    var moved = new AtomicInteger();
    Consumer<Participant> task =
        who ->
            who.moveByServer(
                room,
                joins,
                isMoved -> {
                  if (isMoved) {
                    moved.incrementAndGet();
                  }
                  if (missing.decrementAndGet() == 0) {
                    done.complete(moved.get());
                  }
                });
    all.stream()
        .collect(Collectors.groupingBy(Participant::shard))
        .forEach((shard, ours) -> shard.tell(() -> runBatch(shard, ours, task)));
    return done;
  }

  /** Runs a task for each connection, in batches, so that the loop is not blocked. */
  private static void runBatch(Shard shard, List<Participant> all, Consumer<Participant> task) {
    int count = Math.min(BATCH, all.size());
    all.subList(0, count).forEach(task);
    if (count < all.size()) {
      shard.later(() -> runBatch(shard, all.subList(count, all.size()), task));
    }
  }

  /** The connections of a user on this server. */
  public static CompletionStage<UserPresence> here(
      Directory connections, String server, String id) {
    List<Participant> all = connections.ofUser(id);
    List<CompletableFuture<UserConnection>> listed =
        all.stream()
            .limit(UserPresence.MAX_LISTED)
            .map(connection -> described(connection, server))
            .toList();
    return CompletableFuture.allOf(listed.toArray(CompletableFuture<?>[]::new))
        .thenApply(
            ignored ->
                new UserPresence(
                    id,
                    all.isEmpty() ? null : all.getLast().user(),
                    listed.stream().map(CompletableFuture::join).toList(),
                    all.size(),
                    true));
  }

  private static CompletableFuture<UserConnection> described(
      Participant connection, String server) {
    var described = new CompletableFuture<UserConnection>();
    connection.tell(
        () -> {
          var rooms = new ArrayList<String>();
          connection.places().stream()
              .filter(each -> each.in)
              .forEach(each -> rooms.add(each.room));
          described.complete(
              new UserConnection(
                  connection.id(),
                  server,
                  connection.transport(),
                  connection.connectedAt().toEpochMilli(),
                  rooms));
        });
    return described;
  }
}
