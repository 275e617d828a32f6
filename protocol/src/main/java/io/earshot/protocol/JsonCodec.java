package io.earshot.protocol;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * JSON from and to text. The one place that knows which library does it.
 *
 * <p>Thread-safe: holds nothing but a factory that is.
 */
final class JsonCodec {

  /** Deeper nesting than this is nobody's chat message, and recursion has to end somewhere. */
  static final int MAX_DEPTH = 64;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(1_000)
                  .maxNameLength(1_000)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          // Keys come from strangers: a table of those seen before would only grow.
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private JsonCodec() {}

  static Json parse(String text) throws MalformedJsonException {
    try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new MalformedJsonException("it is empty");
      }
      Json value = value(parser, first);
      if (parser.nextToken() != null) {
        throw new MalformedJsonException("more follows after the first value");
      }
      return value;
    } catch (StreamConstraintsException e) {
      throw new MalformedJsonException(
          "it is nested deeper than " + MAX_DEPTH + ", or holds an endless number or key");
    } catch (JacksonException e) {
      throw new MalformedJsonException(
          "column " + e.getLocation().getColumnNr() + ": " + e.getOriginalMessage());
    }
  }

  private static Json value(JsonParser parser, JsonToken token) {
    return switch (token) {
      case VALUE_STRING -> new Json.Text(parser.getString());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Json.Num(parser.getString());
      case VALUE_TRUE -> Json.of(true);
      case VALUE_FALSE -> Json.of(false);
      case VALUE_NULL -> new Json.Null();
      case START_ARRAY -> {
        List<Json> items = new ArrayList<>();
        for (JsonToken next = parser.nextToken();
            next != JsonToken.END_ARRAY;
            next = parser.nextToken()) {
          items.add(value(parser, next));
        }
        yield new Json.Array(items);
      }
      case START_OBJECT -> {
        Map<String, Json> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          fields.put(key, value(parser, parser.nextToken()));
        }
        yield new Json.Obj(fields);
      }
      default -> throw new IllegalStateException("no value starts with " + token);
    };
  }

  static byte[] encode(Json value) {
    var out = new ByteArrayOutputStream(256);
    try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
      write(generator, value);
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator generator, Json value) {
    switch (value) {
      case Json.Text(String text) -> generator.writeString(wellFormed(text));
      case Json.Num(String literal) -> generator.writeNumber(literal);
      case Json.Bool(boolean truth) -> generator.writeBoolean(truth);
      case Json.Null _ -> generator.writeNull();
      case Json.Array(List<Json> items) -> {
        generator.writeStartArray();
        items.forEach(item -> write(generator, item));
        generator.writeEndArray();
      }
      case Json.Obj(Map<String, Json> fields) -> {
        generator.writeStartObject();
        fields.forEach(
            (key, item) -> {
              generator.writeName(wellFormed(key));
              write(generator, item);
            });
        generator.writeEndObject();
      }
    }
  }

  /** Halves of surrogate pairs are legal in a JSON text as escapes, and unsayable in UTF-8. */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        // The encoder replaces what it cannot say with '?'; pairs come through unharmed.
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
      }
    }
    return text;
  }

  static Json number(String literal) {
    try {
      if (parse(literal) instanceof Json.Num number) {
        return number;
      }
    } catch (MalformedJsonException e) {
      // said below
    }
    throw new IllegalArgumentException("not a number that JSON can say: " + literal);
  }
}
