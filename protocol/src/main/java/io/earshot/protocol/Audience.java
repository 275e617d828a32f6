package io.earshot.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whom in a room a message is for: those whose {@code id}, or whose attribute of that name, equals
 * the value as text. It fails closed: a key without a value, or one that nobody has, reaches
 * nobody.
 *
 * <p>Immutable.
 *
 * @param key {@code id}, or the name of an attribute that server code sets
 * @param value the text to equal; null reaches nobody
 */
public record Audience(String key, @Nullable String value) {

  /** The parameter that names the key. */
  public static final String KEY = "roomMatchKey";

  /** The parameter that names the value. */
  public static final String VALUE = "roomMatchValue";

  /**
   * Whom the fields or params of a request name.
   *
   * @param fields all of them, by name
   * @return null if there is no {@link #KEY}; nobody if that is no text, number or truth value
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
