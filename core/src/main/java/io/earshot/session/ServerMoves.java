package io.earshot.session;

import io.earshot.connection.Place;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Start;
import java.util.function.Consumer;

/**
 * Joins and leaves that server code decides: neither rules nor hooks are asked, and the client
 * receives a notice.
 *
 * <p>Stateless. Called on the connection's event loop.
 */
final class ServerMoves {
  /** How long a move waits for the requests under way, in milliseconds. */
  private static final long PATIENCE = 10_000;

  private ServerMoves() {}

  /**
   * Joins or leaves a room, once the requests under way are answered.
   *
   * @param then called with whether the connection has begun to do so; with false if the requests
   *     take too long
   */
  static void move(
      ClientConnection connection, String room, boolean joins, Consumer<Boolean> then) {
    if (connection.isGone()) {
      then.accept(false);
      return;
    }
    var move = new Move(connection, room, joins, then);
    connection.afterRequests(move::begin);
    if (!move.isDone) {
      connection.schedule(() -> move.end(false), PATIENCE);
    }
  }

  /** A move that may have to wait for requests. Owned by the connection's event loop. */
  private static final class Move {
    private final ClientConnection connection;
    private final String room;
    private final boolean joins;
    private final Consumer<Boolean> then;
    private boolean isDone;

    Move(ClientConnection connection, String room, boolean joins, Consumer<Boolean> then) {
      this.connection = connection;
      this.room = room;
      this.joins = joins;
      this.then = then;
    }

    void begin() {
      if (isDone || connection.isGone() || connection.phase == Phase.LOGIN) {
        end(false);
      } else {
        Place place = connection.placeIn(room);
        end(joins ? join(connection, place) : leave(connection, place));
      }
    }

    void end(boolean isMoved) {
      if (!isDone) {
        isDone = true;
        then.accept(isMoved);
      }
    }
  }

  /** Makes a connection a member of a room that a hook has chosen as the client connected. */
  static void joinByHook(ClientConnection connection, String room) {
    if (connection.isGone()) {
      return; // it ended while it entered its first room, and has left all rooms
    }
    Place place = connection.placeIn(room);
    place.isByHook = true;
    join(connection, place);
  }

  /** Makes a connection a member of a room; false if it is one. */
  private static boolean join(ClientConnection connection, Place place) {
    if (place.in) {
      return false;
    }
    connection.join(
        place,
        Start.LIVE,
        arrival -> connection.send(new Reply.Joined(arrival.heard()).toJson(0, null).encode()));
    connection.track(place);
    if (connection.phase == Phase.DETACHED) { // the client finds the room when it resumes
      connection.engine().rooms().in(place.room, room -> room.detach(place), () -> {});
    }
    return true;
  }

  /**
   * Makes a connection leave a room; from its current room it moves to the default room. False if
   * it is no member, or cannot move.
   */
  private static boolean leave(ClientConnection connection, Place place) {
    if (!place.in) {
      return false;
    }
    byte[] notice = new Reply.Left(place.room).toJson(0, null).encode();
    if (place != connection.place()) {
      connection.leave(place, () -> connection.send(notice));
      connection.track(place);
      return true;
    }
    String next = connection.engine().config().general().defaultChatRoom();
    if (connection.isStream() || next.equals(place.room)) {
      return false;
    }
    if (connection.phase == Phase.DETACHED) {
      connection.endSession(); // no notice of the move would reach the client
      return true;
    }
    connection.send(notice);
    Eviction.move(connection, connection.placeIn(next), "you have left " + place.room);
    return true;
  }
}
