package io.earshot.client;

import static io.earshot.client.MessageFields.cursor;
import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rooms that a client is in or listens to, and its inbox.
 *
 * <p>Guarded by the lock of its {@link Connection}.
 */
final class Rooms {
  private final Connection connection;
  private final Map<String, RoomState> rooms = new LinkedHashMap<>();
  private final Inbox inbox;

  /** The server's default room; null before the first welcome. */
  private @Nullable RoomState home;

  Rooms(Connection connection, Settings settings) {
    this.connection = connection;
    this.inbox = new Inbox(settings);
  }

  List<RoomState> all() {
    return List.copyOf(rooms.values());
  }

  @Nullable RoomState get(String name) {
    return rooms.get(name);
  }

  Inbox inbox() {
    return inbox;
  }

  /** The room of this name; a new one begins at {@code start}. */
  RoomState getOrAdd(String name, Start start) {
    return rooms.computeIfAbsent(name, ignored -> new RoomState(connection, name, false, start));
  }

  /** Whether this is still the room of its name: false if the program has left it meanwhile. */
  boolean contains(RoomState room) {
    return rooms.get(room.name) == room;
  }

  /** The client is no longer in a room. */
  void remove(RoomState room) {
    room.left();
    if (!room.isHome) {
      rooms.remove(room.name);
    }
  }

  /** The room ends the stay of the client, which tries no more. */
  void expelled(RoomState room, String reason) {
    room.events.publish(new Event.Expelled(reason));
    remove(room);
  }

  // --- the default room ------------------------------------------------------------------------

  @Nullable RoomState home() {
    return home;
  }

  /** The client is in its default room, which the welcome names. */
  void enteredHome(Json.Obj welcome) {
    var room = new RoomState(connection, text(welcome, "room"), true, Start.after(cursor(welcome)));
    room.isMember = true;
    room.events.isLive = true;
    rooms.put(room.name, room);
    home = room;
  }

  // --- all rooms -------------------------------------------------------------------------------

  /** The last position that was received of each room, after which the server continues. */
  Map<String, Object> cursors() {
    var cursors = new LinkedHashMap<String, Object>();
    rooms.forEach((name, room) -> put(cursors, name, room.events.known()));
    put(cursors, inbox.room(), inbox.events().known());
    return cursors;
  }

  private static void put(Map<String, Object> cursors, String room, @Nullable Cursor known) {
    if (known != null) {
      cursors.put(room, known.toString());
    }
  }

  void disconnected() {
    rooms.values().forEach(RoomState::disconnected);
    inbox.events().isLive = false;
  }

  void close() {
    EarshotException failure = connection.closedFailure();
    for (RoomState room : rooms.values()) {
      room.entering.forEach(each -> Futures.fail(each, failure));
      room.events.close();
    }
    inbox.events().close();
  }
}
