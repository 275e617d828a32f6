package io.earshot.backend.hook;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.backend.http.BackEndException;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.RoomName;
import io.earshot.protocol.User;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a back end decides. A field that is null in its answer counts as missing, and fields with
 * other names are ignored.
 *
 * <p>Immutable.
 */
sealed interface Verdict {
  /** It allows the request, and says no more. */
  Allowed ALLOWED = new Allowed(null, null, Map.of(), List.of(), Map.of());

  /**
   * It allows the request.
   *
   * @param message the message in place of the client's; null for that one
   * @param user who the client is; null for who it was
   * @param attributes attributes to set; null for one to remove
   * @param rooms rooms to join
   * @param fields all fields, which are the answer of an action
   */
  record Allowed(
      @Nullable Json message,
      @Nullable User user,
      Map<String, @Nullable String> attributes,
      List<String> rooms,
      Map<String, Json> fields)
      implements Verdict {}

  /**
   * It refuses the request.
   *
   * @param reason for the client
   */
  record Refused(String reason) implements Verdict {}

  /** It did not decide. */
  record Away() implements Verdict {}

  /** The longest reason, in characters. */
  int LONGEST_REASON = 500;

  /**
   * Reads an answer.
   *
   * @throws BackEndException if it is none
   */
  static Verdict of(Event event, byte[] body) throws BackEndException {
    if (body.length == 0) {
      return ALLOWED;
    }
    Map<String, Json> fields = new LinkedHashMap<>(object(body));
    if (event == Event.ACTION) {
      Json error = given(fields, "error");
      return error == null
          ? new Allowed(null, null, Map.of(), List.of(), fields)
          : new Refused(reason("error", error));
    }
    Json refuse = given(fields, "refuse");
    if (refuse != null) {
      return new Refused(reason("refuse", refuse));
    }
    Json allow = given(fields, "allow");
    if (allow != null && !(allow instanceof Json.Bool)) {
      throw wrong("allow", "true or false");
    }
    if (allow != null && !allow.equals(Json.of(true))) {
      return new Refused("the server refuses this");
    }
    return switch (event) {
      case CONNECT -> new Allowed(null, user(fields), attributes(fields), rooms(fields), Map.of());
      case SAY -> new Allowed(given(fields, "message"), null, Map.of(), List.of(), Map.of());
      case JOIN, ACTION -> ALLOWED;
    };
  }

  private static Map<String, Json> object(byte[] body) throws BackEndException {
    try {
      if (Json.parse(new String(body, UTF_8)) instanceof Json.Obj object) {
        return object.fields();
      }
    } catch (MalformedJsonException e) {
      // refused below
    }
    throw new BackEndException("its answer is not a JSON object");
  }

  private static @Nullable Json given(Map<String, Json> fields, String name) {
    Json value = fields.get(name);
    return value instanceof Json.Null ? null : value;
  }

  private static String reason(String field, Json value) throws BackEndException {
    if (value instanceof Json.Text text && !text.value().isBlank()) {
      return text.value().substring(0, Math.min(text.value().length(), LONGEST_REASON));
    }
    throw wrong(field, "a text");
  }

  private static @Nullable User user(Map<String, Json> fields) throws BackEndException {
    Json user = given(fields, "user");
    if (user == null) {
      return null;
    }
    if (user instanceof Json.Obj object) {
      try {
        return User.of(object);
      } catch (IllegalArgumentException e) {
        throw new BackEndException("the user of its answer is none: " + e.getMessage());
      }
    }
    throw wrong("user", "an object with id");
  }

  private static Map<String, @Nullable String> attributes(Map<String, Json> fields)
      throws BackEndException {
    Json attributes = given(fields, "attributes");
    if (attributes == null) {
      return Map.of();
    }
    if (!(attributes instanceof Json.Obj object)) {
      throw wrong("attributes", "an object with texts");
    }
    var texts = new LinkedHashMap<String, @Nullable String>();
    for (Map.Entry<String, Json> each : object.fields().entrySet()) {
      String text = each.getValue().asText();
      if (text == null && !(each.getValue() instanceof Json.Null)) {
        throw wrong("attributes", "an object with texts");
      }
      texts.put(each.getKey(), text);
    }
    return texts;
  }

  private static List<String> rooms(Map<String, Json> fields) throws BackEndException {
    Json rooms = given(fields, "rooms");
    if (rooms == null) {
      return List.of();
    }
    if (!(rooms instanceof Json.Array array)) {
      throw wrong("rooms", "a list of names");
    }
    var names = new ArrayList<String>();
    for (Json each : array.items()) {
      if (!(each instanceof Json.Text name)
          || !RoomName.isValid(name.value())
          || RoomName.isInbox(name.value())) {
        throw wrong("rooms", "a list of names of rooms");
      }
      names.add(name.value());
    }
    return names;
  }

  private static BackEndException wrong(String field, String what) {
    return new BackEndException("the field " + field + " of its answer is not " + what);
  }
}
