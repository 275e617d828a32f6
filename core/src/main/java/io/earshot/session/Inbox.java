package io.earshot.session;

import io.earshot.Permission;
import io.earshot.connection.Place;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.RoomName;
import io.earshot.protocol.Start;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The inbox of a user: the room {@code @ID}, to which each connection of the user listens from the
 * login to its end.
 *
 * <p>Stateless. Called on the connection's event loop.
 */
final class Inbox {
  private Inbox() {}

  /**
   * Listens to the inbox of the connection's user.
   *
   * @param after the last message that the client knows, or null
   * @param then called on the connection's loop when messages begin to arrive; it has to send the
   *     missed ones before it returns. Called with null if there is no inbox, if the connection
   *     listens already, or if the inbox is closed
   */
  static void listen(
      ClientConnection connection, @Nullable Cursor after, Consumer<Room.@Nullable Arrival> then) {
    String room = RoomName.inboxOf(connection.user());
    Place place = room == null ? null : connection.placeIn(room);
    if (place == null
        || place.listening
        || connection.engine().admission().check(place, Permission.LISTEN, null).refusal()
            != null) {
      then.accept(null);
      return;
    }
    place.listening = true;
    connection.track(place);
    // A client that comes back after the room was dropped receives all that the room has had since.
    var start = new Start(after, after == null ? 0 : Start.MAX_HISTORY);
    Shard there = connection.engine().rooms().shard(place.room);
    there.tell(() -> there.room(place.room).listen(place, start, arrival -> then.accept(arrival)));
  }

  /** Sends the messages that the client missed. */
  static void sendMissed(ClientConnection connection, Room.@Nullable Arrival inbox) {
    if (inbox == null || inbox.missed().isEmpty()) {
      return;
    }
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer();
    try {
      inbox.missed().forEach(message -> connection.wire().inbox(message.json(), buffer));
      connection.write(buffer);
    } finally {
      buffer.release();
    }
  }

  /** Whether a place is the inbox of another user than the connection's. */
  static boolean isOfAnother(Place place) {
    return place.rule.isInbox() && !place.room.equals(RoomName.inboxOf(place.who().user()));
  }
}
