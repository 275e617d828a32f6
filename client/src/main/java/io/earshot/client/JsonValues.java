package io.earshot.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Values of the program as JSON and back: those that JSON has, and others by the {@link Mapper}.
 *
 * <p>Thread-safe: stateless.
 */
final class JsonValues {
  private JsonValues() {}

  /** A value as JSON. The maps and lists in it are copied. */
  static Json json(@Nullable Object value, @Nullable Mapper mapper) {
    if (value instanceof List<?> list) {
      var items = new ArrayList<Json>(list.size());
      list.forEach(item -> items.add(json(item, mapper)));
      return new Json.Array(items);
    }
    if (value instanceof Map<?, ?> map) {
      var fields = new LinkedHashMap<String, Json>();
      map.forEach((key, item) -> fields.put(String.valueOf(key), json(item, mapper)));
      return new Json.Obj(fields);
    }
    if (value == null
        || value instanceof Json
        || value instanceof String
        || value instanceof Boolean
        || value instanceof Number) {
      return plain(value);
    }
    return mapped(value, mapper);
  }

  private static Json plain(@Nullable Object value) {
    try {
      return Json.from(value);
    } catch (IllegalArgumentException e) {
      throw new EarshotException("JSON has no such number: " + value, e);
    }
  }

  private static Json mapped(Object value, @Nullable Mapper mapper) {
    String type = value.getClass().getName();
    if (mapper == null) {
      throw new EarshotException(
          type
              + " is no text, number, boolean, list or map, so it needs a mapper:"
              + " EarshotClient.builder(uri).mapper(…)");
    }
    try {
      return Json.parse(mapper.toJson(value));
    } catch (MalformedJsonException e) {
      throw new EarshotException(
          "the mapper's text for a " + type + " is not JSON: " + e.getMessage(), e);
    } catch (Exception e) {
      throw new EarshotException("the mapper cannot write a " + type + ": " + e.getMessage(), e);
    }
  }

  /** JSON as a value of a type of the program. */
  static <T> T as(Json json, Class<T> type, @Nullable Mapper mapper) {
    if (mapper == null) {
      throw new EarshotException(
          "reading a " + type.getName() + " needs a mapper: EarshotClient.builder(uri).mapper(…)");
    }
    try {
      return mapper.fromJson(new String(json.encode(), UTF_8), type);
    } catch (Exception e) {
      throw new EarshotException(
          "the mapper cannot read a " + type.getName() + ": " + e.getMessage(), e);
    }
  }
}
