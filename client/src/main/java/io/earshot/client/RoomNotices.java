package io.earshot.client;

import static io.earshot.client.MessageFields.cursor;
import static io.earshot.client.MessageFields.number;
import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import org.jspecify.annotations.Nullable;

/**
 * What the server sends about a room without being asked: messages, signals, gaps, and the end of
 * the client's stay.
 *
 * <p>Guarded by the lock of its {@link Connection}.
 */
final class RoomNotices {
  private final Rooms rooms;
  private final RoomTokens tokens;
  private final Session session;
  private final Login login;
  private final @Nullable Mapper mapper;

  RoomNotices(Rooms rooms, RoomTokens tokens, Session session, Login login, Settings settings) {
    this.rooms = rooms;
    this.tokens = tokens;
    this.session = session;
    this.login = login;
    this.mapper = settings.mapper();
  }

  void received(Json.Obj said) {
    String name = text(said, "room");
    boolean isOwn = session.isOwn(text(said, "from"));
    if (name.equals(rooms.inbox().room())) {
      RoomEvents inbox = rooms.inbox().events();
      Event event = inbox.received(said, isOwn, mapper);
      if (event != null) {
        inbox.publish(event);
      }
      return;
    }
    RoomState room = rooms.get(name);
    Event event = room == null ? null : room.events.received(said, isOwn, mapper);
    Cursor at = cursor(said);
    if (room != null && event != null && at != null) {
      room.presence.happened(event, at);
      if (!isOwn || event instanceof Event.Message) {
        room.events.publish(event);
      }
    }
  }

  void signal(Json.Obj told) {
    RoomState room = rooms.get(text(told, "room"));
    if (room != null && room.isLive() && !session.isOwn(text(told, "from"))) {
      room.events.signal(MessageFields.signal(told, mapper));
    }
  }

  void gap(Json.Obj gap) {
    String name = text(gap, "room");
    var event = new Event.Gap(number(gap, "from"), number(gap, "to"));
    RoomState room = rooms.get(name);
    if (name.equals(rooms.inbox().room())) {
      rooms.inbox().events().publish(event);
    } else if (room != null && room.isLive()) {
      room.presence.forget();
      room.events.publish(event);
    }
  }

  /** A token has expired, or is about to: then the program is asked for a newer one. */
  void token(Json.Obj notice) {
    boolean isExpired = text(notice, "status").equals("expired");
    if (notice.get("room") == null) {
      login.ends(isExpired);
      return;
    }
    String name = text(notice, "room");
    RoomState room = rooms.get(name);
    if (name.equals(rooms.inbox().room())) {
      rooms.inbox().events().isLive = false; // until the next login
    } else if (room != null && !isExpired) {
      tokens.renew(room);
    } else if (room != null && login.isRenewing()) {
      room.disconnected(); // until the login is renewed
    } else if (room != null) {
      rooms.expelled(room, "the token has expired");
    }
  }

  /** Server code or a moderator has changed the client's rooms. */
  void room(Json.Obj notice) {
    RoomState room = rooms.get(text(notice, "room"));
    if (room != null && room.isLive()) { // else it is about an earlier stay in the room
      switch (text(notice, "status")) {
        case "joined" -> {} // a room that it listens to
        case "left" -> {
          if (room.isMember) { // else it listens still
            rooms.expelled(room, "the server has ended the membership");
          }
        }
        default -> rooms.expelled(room, text(notice, "reason"));
      }
    }
  }
}
