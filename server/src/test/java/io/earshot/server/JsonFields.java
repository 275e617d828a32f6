package io.earshot.server;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import org.jspecify.annotations.Nullable;

/** Reads fields of JSON objects in tests. */
final class JsonFields {
  private JsonFields() {}

  /** A field, or a field of a field, as text; empty if there is none. */
  static String text(Json.Obj fields, String... path) {
    @Nullable Json found = fields;
    for (String step : path) {
      found = found instanceof Json.Obj object ? object.get(step) : null;
    }
    if (found == null) {
      return "";
    }
    return found instanceof Json.Text(String value) ? value : LineClient.encoded(found);
  }

  /** A field as a whole number; -1 if there is none. */
  static long number(Json.Obj fields, String name) {
    return fields.get(name) instanceof Json.Num(String literal) ? Long.parseLong(literal) : -1;
  }

  /** The cursor of the fields epoch and offset; null if there is none. */
  static @Nullable Cursor cursor(Json.Obj fields) {
    return fields.get("epoch") == null
        ? null
        : new Cursor(text(fields, "epoch"), number(fields, "offset"));
  }
}
