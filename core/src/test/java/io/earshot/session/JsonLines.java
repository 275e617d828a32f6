package io.earshot.session;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.util.List;

/** Reads the JSON lines that a server sends. */
final class JsonLines {
  private JsonLines() {}

  static Json.Obj parsed(String line) {
    try {
      return (Json.Obj) Json.parse(line);
    } catch (MalformedJsonException e) {
      throw new AssertionError(line, e);
    }
  }

  /** A field as text; empty if it is missing. */
  static String text(Json.Obj json, String field) {
    Json value = json.get(field);
    return value == null ? "" : String.valueOf(value.asText());
  }

  /** The elements of an array as texts. */
  static List<String> texts(Json.Obj json, String field) {
    return json.get(field) instanceof Json.Array(List<Json> all)
        ? all.stream().map(each -> String.valueOf(each.asText())).toList()
        : List.of();
  }

  static Cursor cursor(Json.Obj json) {
    return new Cursor(text(json, "epoch"), Long.parseLong(text(json, "offset")));
  }
}
