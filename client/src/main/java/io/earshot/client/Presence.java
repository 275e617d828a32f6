package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.PresentUser;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.User;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Who is in one room: a list that the program asks for once on each connection to the server, and
 * that follows the joins and leaves from then on.
 *
 * <p>Guarded by the lock of the {@link Connection}; {@link #list} takes it.
 */
final class Presence {
  private final Connection connection;
  private final String room;

  /** Everybody by the id of the user after a blank, or by that of the connection. */
  private @Nullable Map<String, Present> here;

  /** A copy of the values of {@link #here}; null after a change. */
  private @Nullable List<Present> list;

  /** The request for the list that has no answer yet. */
  private @Nullable CompletableFuture<List<Present>> loading;

  /** Whether joins and leaves may have been lost since that request. */
  private boolean isStale;

  /** The joins and leaves since that request. */
  private final List<Move> moves = new ArrayList<>();

  /** A join or a leave. */
  private record Move(boolean joins, Present who, Cursor at) {}

  Presence(Connection connection, String room) {
    this.connection = connection;
    this.room = room;
  }

  CompletionStage<List<Present>> list() {
    return connection.read(
        () -> {
          if (here != null) {
            list = list == null ? List.copyOf(here.values()) : list;
            return CompletableFuture.completedFuture(list);
          }
          if (loading == null) {
            loading = load();
          }
          return loading.copy();
        });
  }

  private CompletableFuture<List<Present>> load() {
    var loaded = new CompletableFuture<List<Present>>();
    moves.clear();
    isStale = false;
    var unused =
        connection
            .requests()
            .members(room)
            .whenComplete(
                (status, failure) ->
                    connection.locked(
                        () -> {
                          loading = null;
                          if (failure == null) {
                            Futures.complete(loaded, begin(status));
                          } else {
                            Futures.fail(loaded, Futures.explained(failure));
                          }
                        }));
    return loaded;
  }

  private List<Present> begin(RoomStatus status) {
    var all = new LinkedHashMap<String, Present>();
    var others = new LinkedHashSet<>(status.members());
    for (PresentUser each : status.users()) {
      others.removeAll(each.members());
      User user = each.user();
      move(all, true, new Present(user.id(), user));
    }
    others.forEach(id -> move(all, true, new Present(id, null)));
    Cursor end = status.cursor();
    for (Move each : moves) {
      if (end == null || isAfter(each.at, end)) {
        move(all, each.joins, each.who);
      }
    }
    List<Present> now = List.copyOf(all.values());
    if (!isStale) {
      here = all;
      list = now;
    }
    return now;
  }

  private static boolean isAfter(Cursor at, Cursor end) {
    return at.epoch().equals(end.epoch()) && at.offset() > end.offset();
  }

  private static void move(Map<String, Present> all, boolean joins, Present who) {
    String key = who.user() == null ? who.id() : " " + who.id();
    if (joins) {
      all.put(key, who);
    } else {
      all.remove(key);
    }
  }

  /** Something happened in the room at a position. */
  void happened(Event event, Cursor at) {
    if (event instanceof Event.Joined joined) {
      moved(true, joined.id(), joined.user(), at);
    } else if (event instanceof Event.Left left) {
      moved(false, left.id(), left.user(), at);
    }
  }

  private void moved(boolean joins, String id, @Nullable User user, Cursor at) {
    var who = new Present(user == null ? id : user.id(), user);
    if (loading != null) {
      moves.add(new Move(joins, who, at));
    } else if (here != null) {
      move(here, joins, who);
      list = null;
    }
  }

  /** Joins and leaves may be lost: the next call asks the server again. */
  void forget() {
    here = null;
    list = null;
    isStale = true;
  }
}
