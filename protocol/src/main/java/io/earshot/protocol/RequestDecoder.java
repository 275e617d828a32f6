package io.earshot.protocol;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decodes requests: the words of a TCP line, and the JSON objects that lines and WebSocket frames
 * share. It never fails: other input becomes {@link Command.Malformed}.
 *
 * <p>Thread-safe: stateless.
 */
public final class RequestDecoder {

  private static final String NO_EVENT =
      "Error: send one JSON object with an event, such as {\"event\":\"say\",\"message\":\"hello\"}";

  /** Introduces a cursor in a line of words. */
  private static final String AFTER = "after=";

  /** Introduces a token in a line of words. */
  private static final String TOKEN = "token=";

  /** The longest token, in characters. */
  private static final int LONGEST_TOKEN = 4096;

  /** Some editors write it at the start of a text. */
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private RequestDecoder() {}

  /**
   * Decodes a line of the TCP protocol: a verb and its words, a JSON object, or the name of an
   * action.
   *
   * @param line the line without its end; not empty
   * @return the request
   */
  public static Request line(String line) {
    if (line.charAt(0) == BYTE_ORDER_MARK) {
      return line.length() == 1 ? new Request(words(""), null) : line(line.substring(1));
    }
    char first = firstOf(line);
    if (first == '{' || first == '[' || first == '"') {
      Request say = PlainSay.of(line);
      if (say != null) {
        return say;
      }
      try {
        return Json.parse(line) instanceof Json.Obj object
            ? object(object)
            : Request.malformed("Error: a JSON line must be one object");
      } catch (MalformedJsonException e) {
        if (first != '"') {
          return notJson("line", e);
        }
      }
    }
    return new Request(words(line), null);
  }

  /**
   * Decodes a WebSocket text frame: one JSON object.
   *
   * @param text the frame's text
   * @return the request
   */
  public static Request frame(String text) {
    Request say = PlainSay.of(text);
    if (say != null) {
      return say;
    }
    try {
      return Json.parse(text) instanceof Json.Obj object
          ? object(object)
          : Request.malformed(NO_EVENT);
    } catch (MalformedJsonException e) {
      return notJson("frame", e);
    }
  }

  /** The first character that is not whitespace; a blank if there is none. */
  private static char firstOf(String line) {
    for (int i = 0; i < line.length(); i++) {
      if (!Character.isWhitespace(line.charAt(i))) {
        return line.charAt(i);
      }
    }
    return ' ';
  }

  private static Request notJson(String what, MalformedJsonException e) {
    return Request.malformed("Error: the " + what + " is not valid JSON: " + e.getMessage());
  }

  private static Command words(String line) {
    int blank = line.indexOf(' ');
    String verb = blank < 0 ? line : line.substring(0, blank);
    @Nullable String rest = blank < 0 ? null : line.substring(blank + 1);
    return switch (verb) {
      case "say" ->
          rest == null ? missing("message", verb) : new Command.Say(null, Json.of(rest), null);
      case "roomView" -> new Command.ViewRoom(null);
      // In later versions of the described system, roomAdd has the meaning of roomChange.
      case "roomAdd" -> room("roomChange", rest);
      case "roomChange", "roomLeave", "listenToRoom", "silenceRoom" -> room(verb, rest);
      case "resume" -> resume(rest);
      case "tokenRefresh" -> refreshToken(firstWord(rest));
      case "paramAdd" -> addParam(rest);
      case "paramView", "paramDelete" -> param(verb, firstWord(rest), null);
      default -> {
        Command bare = bare(verb);
        yield bare != null ? bare : new Command.Act(verb, null);
      }
    };
  }

  private static Request object(Json.Obj object) {
    Json messageId = object.get("messageId");
    if (messageId != null && (messageId.asText() == null || messageId.asText().length() > 256)) {
      return Request.malformed(
          "Error: messageId must be a text or a number of at most 256 characters");
    }
    return new Request(event(object), messageId);
  }

  private static Command event(Json.Obj object) {
    Json event = object.get("event");
    if (event == null) {
      return object.get("action") == null && object.get("params") == null
          ? new Command.Malformed(NO_EVENT)
          : action(object.get("action"), object.get("params"));
    }
    if (!(event instanceof Json.Text name)) {
      return new Command.Malformed("Error: event must be a text");
    }
    String verb = name.value();
    return switch (verb) {
      case "say" -> say(object);
      case "roomView" -> {
        Json room = object.get("room");
        yield room instanceof Json.Text(String named) && RoomName.isValid(named)
            ? new Command.ViewRoom(named)
            : room == null || room instanceof Json.Null
                ? new Command.ViewRoom(null)
                : new Command.Malformed(RoomName.INVALID);
      }
      case "roomChange", "roomAdd", "roomLeave", "listenToRoom", "silenceRoom" -> {
        Json after = object.get("after");
        Json token = object.get("token");
        yield room(
            verb,
            text(object, "room"),
            after == null || after instanceof Json.Null ? null : String.valueOf(after.asText()),
            token == null || token instanceof Json.Null ? null : String.valueOf(token.asText()));
      }
      case "resume" -> resume(object);
      case "tokenRefresh" -> refreshToken(text(object, "token"));
      case "paramAdd", "paramView", "paramDelete" ->
          param(verb, text(object, "key"), object.get("value"));
      case "action" -> {
        Json params = object.get("params");
        yield action(params instanceof Json.Obj given ? given.get("action") : null, params);
      }
      default -> {
        Command bare = bare(verb);
        yield bare != null
            ? bare
            : new Command.Malformed("Error: " + verb + " is not a known event.");
      }
    };
  }

  /** The command of a verb without arguments, or null if it is not one. */
  private static @Nullable Command bare(String verb) {
    return switch (verb) {
      case "detailsView" -> new Command.ViewDetails();
      case "paramsView" -> new Command.ViewParams();
      case "paramsDelete" -> new Command.DeleteParams();
      case "quit", "exit", "close" -> new Command.Quit();
      default -> null;
    };
  }

  private static Command say(Json.Obj object) {
    Json message = object.get("message");
    if (message == null) {
      return missing("message", "say");
    }
    Json room = object.get("room") instanceof Json.Null ? null : object.get("room");
    if (room != null && !(room instanceof Json.Text)) {
      return new Command.Malformed("Error: room must be a text");
    }
    return new Command.Say(room == null ? null : text(room), message, Audience.of(object.fields()));
  }

  /** A verb with its words: a room, and optionally a cursor and a token. */
  private static Command room(String verb, @Nullable String rest) {
    if (rest == null) {
      return missing("room", verb);
    }
    String[] words = rest.split(" ", 5);
    String after = null;
    String token = null;
    for (int i = 1; i < words.length && i < 4; i++) {
      if (words[i].startsWith(AFTER) && after == null) {
        after = words[i].substring(AFTER.length());
      } else if (words[i].startsWith(TOKEN) && token == null) {
        token = words[i].substring(TOKEN.length());
      }
    }
    return room(verb, words[0], after, token);
  }

  private static Command refreshToken(@Nullable String token) {
    return token == null || token.isEmpty() || token.length() > LONGEST_TOKEN
        ? new Command.Malformed("Error: tokenRefresh needs a token")
        : new Command.RefreshToken(token);
  }

  private static Command room(
      String verb, @Nullable String room, @Nullable String after, @Nullable String token) {
    if (room == null || room.isEmpty()) {
      return missing("room", verb);
    }
    if (!RoomName.isValid(room)) {
      return new Command.Malformed(RoomName.INVALID);
    }
    @Nullable Cursor cursor = after == null ? null : Cursor.parse(after);
    if (after != null && cursor == null) {
      return new Command.Malformed(Cursor.INVALID);
    }
    if (token != null && token.length() > LONGEST_TOKEN) {
      return new Command.Malformed("Error: a token has at most " + LONGEST_TOKEN + " characters");
    }
    return switch (verb) {
      case "listenToRoom" -> new Command.Listen(room, cursor, token);
      case "silenceRoom" -> new Command.Silence(room);
      case "roomLeave" -> new Command.LeaveRoom(room);
      case "roomAdd" -> new Command.AddRoom(room, cursor, token);
      default -> new Command.ChangeRoom(room, cursor, token);
    };
  }

  /** The words after {@code resume}: the session, and room=cursor for each room. */
  private static Command resume(@Nullable String rest) {
    if (rest == null || rest.isBlank()) {
      return missing("session", "resume");
    }
    String[] words = rest.strip().split(" +", -1);
    var after = new HashMap<String, Cursor>();
    for (String word : words) {
      int equals = word.lastIndexOf('=');
      Cursor cursor = Cursor.parse(word.substring(equals + 1));
      if (word != words[0] && (equals < 1 || cursor == null)) {
        return new Command.Malformed(Cursor.INVALID);
      }
      if (cursor != null && word != words[0]) {
        after.put(word.substring(0, equals), cursor);
      }
    }
    return new Command.Resume(words[0], after);
  }

  private static Command resume(Json.Obj object) {
    String session = text(object, "session");
    if (session == null) {
      return missing("session", "resume");
    }
    var after = new HashMap<String, Cursor>();
    Json given = object.get("after");
    if (given instanceof Json.Obj(Map<String, Json> fields)) {
      for (Map.Entry<String, Json> field : fields.entrySet()) {
        Cursor cursor = Cursor.parse(String.valueOf(field.getValue().asText()));
        if (cursor == null) {
          return new Command.Malformed(Cursor.INVALID);
        }
        after.put(field.getKey(), cursor);
      }
    } else if (given != null && !(given instanceof Json.Null)) {
      return new Command.Malformed("Error: after must be an object with a cursor for each room");
    }
    return new Command.Resume(session, after);
  }

  private static Command addParam(@Nullable String rest) {
    int equals = rest == null ? -1 : rest.indexOf('=');
    return rest == null || equals < 1
        ? new Command.Malformed(
            "Error: paramAdd needs a key and a value, such as: paramAdd name=Ada")
        : new Command.AddParam(rest.substring(0, equals), rest.substring(equals + 1));
  }

  private static Command param(String verb, @Nullable String key, @Nullable Json value) {
    if (key == null || key.isEmpty()) {
      return missing("key", verb);
    }
    return switch (verb) {
      case "paramView" -> new Command.ViewParam(key);
      case "paramDelete" -> new Command.DeleteParam(key);
      default -> {
        String text = value == null ? null : value.asText();
        yield text == null ? missing("value", verb) : new Command.AddParam(key, text);
      }
    };
  }

  private static Command action(@Nullable Json name, @Nullable Json params) {
    if (params != null && !(params instanceof Json.Obj)) {
      return new Command.Malformed("Error: params must be an object");
    }
    return new Command.Act(
        name == null ? "" : text(name), params instanceof Json.Obj(var fields) ? fields : Map.of());
  }

  private static Command missing(String what, String verb) {
    return new Command.Malformed("Error: " + what + " is required to use the " + verb + " method");
  }

  private static @Nullable String firstWord(@Nullable String rest) {
    if (rest == null) {
      return null;
    }
    int blank = rest.indexOf(' ');
    return blank < 0 ? rest : rest.substring(0, blank);
  }

  private static @Nullable String text(Json.Obj object, String key) {
    Json value = object.get(key);
    return value instanceof Json.Text(String text) ? text : null;
  }

  /** The value as a name; empty if it is null, an array or an object. */
  private static String text(Json value) {
    String text = value.asText();
    return text == null ? "" : text;
  }
}
