package io.earshot.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
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

  /** The value as a number; 0 if it is not a whole number of at most 18 digits. */
  static long number(Json.Obj message, String name) {
    return message.get(name) instanceof Json.Num(String literal) && literal.matches("\\d{1,18}")
        ? Long.parseLong(literal)
        : 0;
  }

  /** The position in the room's order that {@code epoch} and {@code offset} give, if both exist. */
  static @Nullable Cursor cursor(Json.Obj message) {
    return message.get("epoch") instanceof Json.Text(String epoch)
            && message.get("offset") instanceof Json.Num
        ? new Cursor(epoch, number(message, "offset"))
        : null;
  }
}
