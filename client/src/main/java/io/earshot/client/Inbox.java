package io.earshot.client;

import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The inbox of the client's user: the room {@code @ID}, to which each connection listens from its
 * login on.
 *
 * <p>Guarded by the lock of its {@link Connection}.
 */
final class Inbox {
  private final RoomEvents events;

  /** The name of the room; empty before the first login. */
  private String room = "";

  private @Nullable Cursor start;

  Inbox(Settings settings) {
    events = new RoomEvents(Start.after(settings.inboxAfter()));
    Consumer<Event> handler = settings.inboxHandler();
    if (handler != null) {
      var unused = events.subscribe(handler);
    }
  }

  /** The position after which the messages of the inbox began; null before the first login. */
  @Nullable Cursor start() {
    return start;
  }

  RoomEvents events() {
    return events;
  }

  String room() {
    return room;
  }

  /** The server delivers the messages of the inbox from now on, the missed ones first. */
  void begin(Json.Obj heard) {
    String name = text(heard, "room");
    if (!room.isEmpty() && !name.equals(room)) {
      events.restart(); // the client has logged in as another user
    }
    boolean isFirst = !name.equals(room);
    room = name;
    events.begin(heard);
    start = isFirst ? events.known() : start;
  }
}
