package io.earshot.session;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.connection.Place;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;

/**
 * Puts a connection out of a room that it may not stay in: out of its current room into the default
 * room, and if that is not possible out of the server.
 *
 * <p>Stateless. Called on the connection's event loop.
 */
final class Eviction {
  private Eviction() {}

  /** Whether the token of a place has expired, or the login that has led to an inbox. */
  static boolean isExpired(Place place) {
    Grant grant = place.grant;
    return Inbox.isOfAnother(place)
        || (grant != null && grant.until().toEpochMilli() <= place.who().shard().wallTime());
  }

  static void removeFromRoom(ClientConnection connection, Place place, Json notice, String reason) {
    if (connection.isGone() || !(place.in || place.listening)) {
      return;
    }
    boolean isCurrent = place == connection.place();
    String next = connection.engine().config().general().defaultChatRoom();
    if (isCurrent && connection.phase == Phase.DETACHED) {
      connection.endSession(); // no notice of the move would reach the client
      return;
    }
    if (isCurrent && (connection.isStream() || next.equals(place.room))) {
      connection.disconnect(reason);
      return;
    }
    connection.send(notice.encode());
    if (place.listening) {
      connection.stopListening(place, () -> {});
    }
    if (isCurrent) {
      move(connection, connection.placeIn(next), reason);
    } else if (place.in) {
      connection.leave(place, () -> {});
    }
    connection.track(place);
  }

  /** Moves to another room; a connection that may not is ended. */
  static void move(ClientConnection connection, Place next, String reason) {
    connection.holdRequests();
    connection
        .engine()
        .admission()
        .admit(
            next,
            Permission.JOIN,
            null,
            verdict -> {
              if (verdict.refusal() != null) {
                connection.turnAway(reason);
              } else if (connection.isEnded()) {
                connection.finished(); // the client was lost while hooks were asked
                connection.endSession(); // and no notice of the move would reach it
              } else {
                connection.beforeNext(
                    () ->
                        connection.changeRoom(next, Start.LIVE, ignored -> connection.finished()));
              }
            });
  }
}
