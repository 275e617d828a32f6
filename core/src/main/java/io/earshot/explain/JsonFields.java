package io.earshot.explain;

import io.earshot.protocol.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the fields of questions and answers of other servers. Stateless. */
final class JsonFields {
  private JsonFields() {}

  static String text(Json.Obj fields, String name) {
    String text = textOrNull(fields, name);
    if (text == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return text;
  }

  static @Nullable String textOrNull(Json.Obj fields, String name) {
    return fields.get(name) instanceof Json.Text(String text) ? text : null;
  }

  static long number(Json.Obj fields, String name) {
    return fields.get(name) instanceof Json.Num(String number) ? Long.parseLong(number) : 0;
  }

  static List<Json.Obj> objects(Json.Obj fields, String name) {
    return fields.get(name) instanceof Json.Array(List<Json> items)
        ? items.stream().filter(Json.Obj.class::isInstance).map(Json.Obj.class::cast).toList()
        : List.of();
  }
}
