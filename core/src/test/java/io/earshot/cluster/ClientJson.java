package io.earshot.cluster;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The requests that a client sends as JSON lines, and the fields of what it receives. Stateless.
 */
final class ClientJson {
  private ClientJson() {}

  /** Posts a text, whose message id is the text itself. It may end with "to" and a group. */
  static String say(String room, String text) {
    int target = text.indexOf(" to ");
    String audience =
        target < 0
            ? ""
            : ",\"roomMatchKey\":\"%s\",\"roomMatchValue\":\"true\""
                .formatted(text.substring(target + 4));
    return "{\"event\":\"say\",\"room\":\"%s\",\"message\":\"%s\"%s,\"messageId\":\"%s\"}"
        .formatted(room, text, audience, text);
  }

  /** Enters or leaves a room. */
  static String event(String event, String room, @Nullable Cursor after) {
    return "{\"event\":\"%s\",\"room\":\"%s\"%s}"
        .formatted(event, room, after == null ? "" : ",\"after\":\"" + after + "\"");
  }

  static String resume(String session, @Nullable Map<String, Cursor> after) {
    if (after == null) {
      return "{\"event\":\"resume\",\"session\":\"%s\"}".formatted(session);
    }
    String cursors =
        after.entrySet().stream()
            .map(each -> "\"%s\":\"%s\"".formatted(each.getKey(), each.getValue()))
            .collect(Collectors.joining(","));
    return "{\"event\":\"resume\",\"session\":\"%s\",\"after\":{%s}}".formatted(session, cursors);
  }

  /** The same request with a number of earlier messages. */
  static String withHistory(String request, int history) {
    return request.substring(0, request.length() - 1) + ",\"history\":" + history + "}";
  }

  /** The same request with a message id. */
  static String withId(String request, String messageId) {
    return request.substring(0, request.length() - 1) + ",\"messageId\":\"" + messageId + "\"}";
  }

  static Json.Obj parsed(String line) {
    try {
      return (Json.Obj) Json.parse(line);
    } catch (MalformedJsonException e) {
      throw new AssertionError(line, e);
    }
  }

  /** A field as text; empty if there is none. */
  static String text(Json.Obj json, String field) {
    Json value = json.get(field);
    return value == null ? "" : String.valueOf(value.asText());
  }

  static long number(Json.Obj json, String field) {
    return Long.parseLong(text(json, field));
  }

  static List<String> texts(Json.Obj json, String field) {
    return json.get(field) instanceof Json.Array(List<Json> all)
        ? all.stream().map(each -> String.valueOf(each.asText())).toList()
        : List.of();
  }

  static Cursor cursor(Json.Obj json) {
    return new Cursor(text(json, "epoch"), number(json, "offset"));
  }
}
