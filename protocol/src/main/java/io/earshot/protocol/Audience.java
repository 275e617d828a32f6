package io.earshot.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The recipients of a message within a room: those connections whose {@code id}, or whose attribute
 * of that name, equals the value as text. It fails closed: a key without a value, or an attribute
 * that no connection has, selects no recipient.
 *
 * <p>Immutable.
 *
 * @param key {@code id}, or the name of an attribute that server code sets
 * @param value the text to compare with; null selects no recipient
 */
public record Audience(String key, @Nullable String value) {

  /** The parameter that names the key. */
  public static final String KEY = "roomMatchKey";

  /** The parameter that names the value. */
  public static final String VALUE = "roomMatchValue";

  /**
   * Reads the audience from the fields or params of a request.
   *
   * @param fields all fields by name
   * @return the audience; null if there is no {@link #KEY}. If the key is not a text, a number or a
   *     boolean, the audience has no recipient
   */
  public static @Nullable Audience of(Map<String, Json> fields) {
    Json key = fields.get(KEY);
    if (key == null) {
      return null;
    }
    String name = key.asText();
    Json value = fields.get(VALUE);
    return new Audience(
        name == null ? "" : name, name == null || value == null ? null : value.asText());
  }
}
