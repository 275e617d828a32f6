package io.earshot.protocol;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value. Numbers keep their digits, so that the server never rounds a number.
 *
 * <p>Immutable.
 */
public sealed interface Json {

  /**
   * A JSON text.
   *
   * @param value the characters, unescaped
   */
  record Text(String value) implements Json {}

  /**
   * A JSON number.
   *
   * @param literal the number as JSON writes it, such as {@code -1.5e3}
   */
  record Num(String literal) implements Json {
    /** Checks that the literal is a number in JSON. */
    public Num {
      if (!isNumber(literal)) {
        throw new IllegalArgumentException("not a number in JSON: " + literal);
      }
    }

    /** Matches {@code -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?} without the cost of a pattern. */
    private static boolean isNumber(String text) {
      int at = is(text, 0, '-', '-') ? 1 : 0;
      int end = is(text, at, '0', '0') ? at + 1 : digits(text, at);
      if (end == at) {
        return false;
      }
      if (is(text, end, '.', '.')) {
        at = end + 1;
        end = digits(text, at);
        if (end == at) {
          return false;
        }
      }
      if (is(text, end, 'e', 'E')) {
        at = is(text, end + 1, '+', '-') ? end + 2 : end + 1;
        end = digits(text, at);
        if (end == at) {
          return false;
        }
      }
      return end == text.length();
    }

    private static boolean is(String text, int at, char one, char other) {
      return at < text.length() && (text.charAt(at) == one || text.charAt(at) == other);
    }

    private static int digits(String text, int from) {
      int at = from;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      return at;
    }
  }

  /**
   * {@code true} or {@code false}.
   *
   * @param value the boolean
   */
  record Bool(boolean value) implements Json {}

  /** {@code null}. */
  record Null() implements Json {}

  /**
   * A JSON array.
   *
   * @param items its values, in order
   */
  record Array(List<Json> items) implements Json {
    /** Copies the list. */
    public Array {
      items = List.copyOf(items);
    }
  }

  /**
   * A JSON object. If a key occurs twice, the last value counts.
   *
   * @param fields the values by key, in the order of the text
   */
  record Obj(Map<String, Json> fields) implements Json {
    /** Copies the map and keeps its order. */
    public Obj {
      fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    /**
     * Looks up one field.
     *
     * @param key the field's name
     * @return the value, or null if there is no such field
     */
    public @Nullable Json get(String key) {
      return fields.get(key);
    }
  }

  /**
   * A text as JSON.
   *
   * @param value the characters
   * @return the JSON text
   */
  static Json of(String value) {
    return new Text(value);
  }

  /**
   * A whole number as JSON.
   *
   * @param value the number
   * @return the JSON number
   */
  static Json of(long value) {
    return new Num(Long.toString(value));
  }

  /**
   * A boolean as JSON.
   *
   * @param value the boolean
   * @return {@code true} or {@code false}
   */
  static Json of(boolean value) {
    return new Bool(value);
  }

  /**
   * A Java value as JSON: null, a text, a number, a boolean, a list, a map with text keys, or
   * {@code Json} itself.
   *
   * @param value the value
   * @return the value as JSON
   * @throws IllegalArgumentException if it is, or holds, anything else, or a number that JSON
   *     cannot say
   */
  static Json from(@Nullable Object value) {
    if (value == null) {
      return new Null();
    }
    if (value instanceof Json json) {
      return json;
    }
    if (value instanceof String text) {
      return of(text);
    }
    if (value instanceof Boolean truth) {
      return of(truth);
    }
    if (value instanceof Number number && isFinite(number)) {
      return new Num(number.toString());
    }
    if (value instanceof List<?> list) {
      var items = new ArrayList<Json>(list.size());
      list.forEach(item -> items.add(from(item)));
      return new Array(items);
    }
    if (value instanceof Map<?, ?> map) {
      var fields = new LinkedHashMap<String, Json>();
      map.forEach((key, item) -> fields.put(String.valueOf(key), from(item)));
      return new Obj(fields);
    }
    throw notJson(value);
  }

  /**
   * The value as text: a text is itself; a number or a boolean is as JSON writes it.
   *
   * @return the text, or null for {@code null}, arrays and objects
   */
  default @Nullable String asText() {
    if (this instanceof Text text) {
      return text.value;
    }
    if (this instanceof Num number) {
      return number.literal;
    }
    return this instanceof Bool bool ? Boolean.toString(bool.value) : null;
  }

  /**
   * Reads one JSON value.
   *
   * @param text the JSON of the value, and nothing else
   * @return the value
   * @throws MalformedJsonException if the text is not JSON, or nested more than 64 deep
   */
  static Json parse(String text) throws MalformedJsonException {
    return JsonCodec.parse(text, JsonCodec.MAX_DEPTH);
  }

  /**
   * Reads JSON that {@link #encode} wrote. It may be nested 72 deep, more than what clients may
   * send.
   *
   * @param json the JSON, as UTF-8
   * @return the value
   * @throws MalformedJsonException if the bytes are not JSON, or nested deeper
   */
  static Json parseEncoded(byte[] json) throws MalformedJsonException {
    return JsonCodec.parse(new String(json, StandardCharsets.UTF_8), JsonCodec.MAX_TOLD_DEPTH);
  }

  /**
   * Writes this value as JSON in one line: control characters are escaped. Half of a surrogate pair
   * becomes U+FFFD.
   *
   * @return the JSON, as UTF-8
   * @throws IllegalArgumentException if the value is nested more than 72 deep
   */
  default byte[] encode() {
    return JsonCodec.encode(this);
  }

  private static boolean isFinite(Number number) {
    return !(number instanceof Double || number instanceof Float)
        || Double.isFinite(number.doubleValue());
  }

  private static IllegalArgumentException notJson(Object value) {
    return new IllegalArgumentException(
        "not a JSON value: "
            + value.getClass().getName()
            + " (use texts, numbers, booleans, lists or maps)");
  }
}
