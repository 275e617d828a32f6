package io.earshot.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Announcement;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.PresentUser;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.User;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a message on the wire: JSON objects from their text and back, and the values of
 * fields, with a default where a field is missing.
 *
 * <p>Thread-safe: stateless.
 */
final class MessageFields {
  private MessageFields() {}

  /** The JSON object of a message, or null if the text is none. */
  static Json.@Nullable Obj parsed(String text) {
    try {
      return Json.parseEncoded(text.getBytes(UTF_8)) instanceof Json.Obj message ? message : null;
    } catch (MalformedJsonException e) {
      return null;
    }
  }

  static String encoded(Json.Obj message) {
    return new String(message.encode(), UTF_8);
  }

  /** The value as text; empty if the field is missing. */
  static String text(Json.Obj message, String name) {
    String text = optionalText(message, name);
    return text == null ? "" : text;
  }

  /** The value as text; null if the field is missing. */
  static @Nullable String optionalText(Json.Obj message, String name) {
    Json value = message.get(name);
    return value == null ? null : String.valueOf(value.asText());
  }

  /** What is published in a room: a join, a leave, or a message. */
  static Event event(Json.Obj said, Json message, Cursor at, @Nullable Mapper mapper) {
    Announcement announced = Announcement.ofType(text(said, "type"));
    if (announced == null) {
      return message(said, message, at, mapper);
    }
    return switch (announced) {
      case JOIN -> new Event.Joined(text(said, "from"), user(said));
      case LEAVE -> new Event.Left(text(said, "from"), user(said));
    };
  }

  static Event.Message message(Json.Obj said, Json message, Cursor place, @Nullable Mapper mapper) {
    return new Event.Message(
        message, text(said, "from"), user(said), number(said, "sentAt"), place, mapper);
  }

  /** A signal. */
  static Event.Signal signal(Json.Obj told, @Nullable Mapper mapper) {
    Json content = told.get("signal");
    return new Event.Signal(
        content == null ? new Json.Null() : content,
        optionalText(told, "kind"),
        text(told, "from"),
        user(told),
        mapper);
  }

  /** The user in the field {@code user}; null if there is none. */
  static @Nullable User user(Json.Obj message) {
    return message.get("user") instanceof Json.Obj user ? asUser(user) : null;
  }

  /** The user whose wire format this is; null if it has no id. */
  private static @Nullable User asUser(Json.Obj user) {
    return user.get("id") instanceof Json.Text id
        ? new User(
            id.value(), user.get("name") instanceof Json.Text name ? name.value() : null, user)
        : null;
  }

  /** The answer to the request for the members of a room. */
  static RoomStatus status(String room, Json.Obj answer) {
    Json.Obj status =
        answer.get("roomStatus") instanceof Json.Obj found ? found : new Json.Obj(Map.of());
    var members = texts(status, "members");
    var users = new ArrayList<PresentUser>();
    for (Json each : items(status, "users")) {
      if (each instanceof Json.Obj found) {
        var fields = new LinkedHashMap<>(found.fields());
        List.of("connections", "members").forEach(fields::remove);
        User user = asUser(new Json.Obj(fields));
        if (user != null) {
          users.add(new PresentUser(user, texts(found, "members")));
        }
      }
    }
    return new RoomStatus(
        room,
        members,
        cursor(status),
        members.size(),
        null,
        users,
        Math.max(users.size(), (int) number(status, "usersCount")),
        optionalText(status, "usersNext"));
  }

  private static List<String> texts(Json.Obj message, String name) {
    return items(message, name).stream().map(each -> String.valueOf(each.asText())).toList();
  }

  /** The items of an array; none if the field is missing. */
  static List<Json> items(Json.Obj message, String name) {
    return message.get(name) instanceof Json.Array all ? all.items() : List.of();
  }

  /** The value as a number; 0 if it is not a whole number of at most 18 digits. */
  static long number(Json.Obj message, String name) {
    return message.get(name) instanceof Json.Num number && number.literal().matches("\\d{1,18}")
        ? Long.parseLong(number.literal())
        : 0;
  }

  /** The position in the room's order that {@code epoch} and {@code offset} give, if both exist. */
  static @Nullable Cursor cursor(Json.Obj message) {
    return message.get("epoch") instanceof Json.Text epoch
            && message.get("offset") instanceof Json.Num
        ? new Cursor(epoch.value(), number(message, "offset"))
        : null;
  }
}
