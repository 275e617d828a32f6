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

  /** Introduces a number of earlier messages in a line of words. */
  private static final String HISTORY = "history=";

  /** Introduces the cursor before which a page of earlier messages ends, in a line of words. */
  private static final String BEFORE = "before=";

  /** Introduces the number of messages of a page in a line of words. */
  private static final String LIMIT = "limit=";

  /** Introduces the cursor of the user's inbox in a line of words. */
  private static final String INBOX = "inbox=";

  /** Introduces a token in a line of words. */
  private static final String TOKEN = "token=";

  /** The longest token, in characters. */
  private static final int LONGEST_TOKEN = 8192;

  private RequestDecoder() {}

  /**
   * Decodes a line of the TCP protocol: a verb and its words, a JSON object, or the name of an
   * action.
   *
   * @param line the line without its end; not empty
   * @return the request
   */
  public static Request line(String line) {
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
      case "signal" -> rest == null ? missing("signal", verb) : signal(null, Json.of(rest), null);
      case "roomView" -> new Command.ViewRoom(null, null);
      // In later versions of the described system, roomAdd has the meaning of roomChange.
      case "roomAdd" -> room("roomChange", rest);
      case "roomChange", "roomLeave", "listenToRoom", "silenceRoom" -> room(verb, rest);
      case "history" -> history(rest);
      case "resume" -> resume(rest);
      case "tokenRefresh" -> refreshToken(firstWord(rest));
      case "login" -> loginLine(rest);
      case "paramAdd" -> addParam(rest);
      case "paramView", "paramDelete" -> param(verb, firstWord(rest), null);
      default -> {
        Command bare = bare(verb);
        yield bare != null ? bare : new Command.Act(verb, null);
      }
    };
  }

  /**
   * Decodes one JSON object.
   *
   * @param object the object
   * @return the request
   */
  public static Request object(Json.Obj object) {
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
      case "signal" -> signal(object);
      case "roomView" -> viewRoom(object);
      case "roomChange", "roomAdd", "roomLeave", "listenToRoom", "silenceRoom" -> {
        yield room(
            verb,
            text(object, "room"),
            option(object, "after"),
            option(object, "history"),
            option(object, "token"));
      }
      case "history" ->
          option(object, "room") != null && text(object, "room") == null
              ? new Command.Malformed("Error: room must be a text")
              : history(text(object, "room"), option(object, "before"), option(object, "limit"));
      case "resume" -> resume(object);
      case "tokenRefresh" -> refreshToken(text(object, "token"));
      case "login" -> login(text(object, "token"), option(object, "inbox"));
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
            : new Command.Malformed(
                "Error: " + verb + " is not a known event; an action has the event \"action\".");
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
    return new Command.Say(
        room == null ? null : text(room),
        message,
        Audience.of(object.fields()),
        text(object, "traceparent"));
  }

  private static Command signal(Json.Obj object) {
    Json content = object.get("signal");
    if (content == null) {
      return missing("signal", "signal");
    }
    if (Audience.of(object.fields()) != null) {
      return new Command.Malformed(Signal.NO_AUDIENCE);
    }
    for (String field : new String[] {"room", "kind"}) {
      Json value = object.get(field);
      if (value != null && !(value instanceof Json.Text) && !(value instanceof Json.Null)) {
        return new Command.Malformed("Error: " + field + " must be a text");
      }
    }
    return signal(text(object, "room"), content, text(object, "kind"));
  }

  private static Command signal(@Nullable String room, Json content, @Nullable String kind) {
    String error = Signal.invalid(content, kind);
    return error == null
        ? new Command.SendSignal(room, content, kind)
        : new Command.Malformed(error);
  }

  private static Command viewRoom(Json.Obj object) {
    Json room = object.get("room") instanceof Json.Null ? null : object.get("room");
    String name = text(object, "room");
    if (room != null && (name == null || !RoomName.isValid(name))) {
      return new Command.Malformed(RoomName.INVALID);
    }
    try {
      return new Command.ViewRoom(
          name,
          RoomStatus.Page.fromJson(
              object.get("limit"), object.get("after"), object.get("usersAfter")));
    } catch (IllegalArgumentException e) {
      return new Command.Malformed("Error: " + e.getMessage());
    }
  }

  /** A verb with its words: a room, and optionally a cursor, a number of messages and a token. */
  private static Command room(String verb, @Nullable String rest) {
    if (rest == null) {
      return missing("room", verb);
    }
    String[] words = rest.split(" ", 6);
    String after = null;
    String history = null;
    String token = null;
    for (int i = 1; i < words.length && i < 5; i++) {
      if (words[i].startsWith(AFTER) && after == null) {
        after = words[i].substring(AFTER.length());
      } else if (words[i].startsWith(HISTORY) && history == null) {
        history = words[i].substring(HISTORY.length());
      } else if (words[i].startsWith(TOKEN) && token == null) {
        token = words[i].substring(TOKEN.length());
      }
    }
    return room(verb, words[0], after, history, token);
  }

  /** The words after {@code history}: a room and options, all of which may be left out. */
  private static Command history(@Nullable String rest) {
    String[] words = rest == null || rest.isBlank() ? new String[0] : rest.strip().split(" +", -1);
    String room = null;
    String before = null;
    String limit = null;
    for (String word : words) {
      if (word.startsWith(BEFORE) && before == null) {
        before = word.substring(BEFORE.length());
      } else if (word.startsWith(LIMIT) && limit == null) {
        limit = word.substring(LIMIT.length());
      } else if (word == words[0]) {
        room = word;
      } else {
        return new Command.Malformed(
            "Error: history takes a room, before=EPOCH:OFFSET and limit=NUMBER");
      }
    }
    return history(room, before, limit);
  }

  private static Command history(
      @Nullable String room, @Nullable String before, @Nullable String limit) {
    if (room != null && !RoomName.isValid(room)) {
      return new Command.Malformed(RoomName.INVALID);
    }
    @Nullable Cursor cursor = before == null ? null : Cursor.parse(before);
    if (before != null && cursor == null) {
      return new Command.Malformed(
          "Error: before must be epoch:offset, as messages and replies have them");
    }
    int count = limit == null ? Command.ReadHistory.DEFAULT_LIMIT : Start.count(limit, 1);
    return count < 0
        ? new Command.Malformed("Error: limit must be a number from 1 to " + Start.MAX_HISTORY)
        : new Command.ReadHistory(room, cursor, count);
  }

  private static Command refreshToken(@Nullable String token) {
    return token == null || token.isEmpty() || token.length() > LONGEST_TOKEN
        ? new Command.Malformed("Error: tokenRefresh needs a token")
        : new Command.RefreshToken(token);
  }

  /** The words after {@code login}: the token, and optionally the cursor of the inbox. */
  private static Command loginLine(@Nullable String rest) {
    String[] words = rest == null ? new String[] {""} : rest.split(" ", 3);
    boolean isBack = words.length > 1 && words[1].startsWith(INBOX);
    return login(words[0], isBack ? words[1].substring(INBOX.length()) : null);
  }

  private static Command login(@Nullable String token, @Nullable String inbox) {
    if (token == null || token.isEmpty()) {
      return missing("token", "login");
    }
    if (token.length() > LONGEST_TOKEN) {
      return new Command.Malformed("Error: a token has at most " + LONGEST_TOKEN + " characters");
    }
    @Nullable Cursor known = inbox == null ? null : Cursor.parse(inbox);
    return inbox != null && known == null
        ? new Command.Malformed(Cursor.INVALID_INBOX)
        : new Command.Login(token, known);
  }

  private static Command room(
      String verb,
      @Nullable String room,
      @Nullable String after,
      @Nullable String history,
      @Nullable String token) {
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
    int count = history == null ? 0 : Start.count(history, 0);
    if (count < 0) {
      return new Command.Malformed("Error: " + Start.INVALID_HISTORY);
    }
    var start = new Start(cursor, count);
    if (token != null && token.length() > LONGEST_TOKEN) {
      return new Command.Malformed("Error: a token has at most " + LONGEST_TOKEN + " characters");
    }
    return switch (verb) {
      case "listenToRoom" -> new Command.Listen(room, start, token);
      case "silenceRoom" -> new Command.Silence(room);
      case "roomLeave" -> new Command.LeaveRoom(room);
      case "roomAdd" -> new Command.AddRoom(room, start, token);
      default -> new Command.ChangeRoom(room, start, token);
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
    if (given instanceof Json.Obj cursors) {
      for (Map.Entry<String, Json> field : cursors.fields().entrySet()) {
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
        name == null ? "" : text(name),
        params instanceof Json.Obj object ? object.fields() : Map.of());
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

  /** The value of an option as text; null if it is not given. */
  private static @Nullable String option(Json.Obj object, String key) {
    Json value = object.get(key);
    return value == null || value instanceof Json.Null ? null : String.valueOf(value.asText());
  }

  private static @Nullable String text(Json.Obj object, String key) {
    Json value = object.get(key);
    return value instanceof Json.Text text ? text.value() : null;
  }

  /** The value as a name; empty if it is null, an array or an object. */
  private static String text(Json value) {
    String text = value.asText();
    return text == null ? "" : text;
  }
}
