package io.earshot.protocol;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;

/**
 * Parses and encodes JSON. Only this class uses the JSON library.
 *
 * <p>Thread-safe: the factory is.
 */
final class JsonCodec {

  /** The deepest nesting in what clients send. It bounds the recursion. */
  static final int MAX_DEPTH = 64;

  /**
   * The deepest nesting in what the server sends: its envelope around the content, and some more
   * for server code.
   */
  static final int MAX_TOLD_DEPTH = MAX_DEPTH + 8;

  /** The longest number and the longest key, in characters. */
  static final int MAX_LENGTH = 1_000;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_TOLD_DEPTH)
                  .maxNumberLength(MAX_LENGTH)
                  .maxNameLength(MAX_LENGTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          // Clients choose the keys: a table of known keys would only grow.
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private JsonCodec() {}

  static Json parse(String text, int maxDepth) throws MalformedJsonException {
    try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new MalformedJsonException("the text is empty");
      }
      Json value = value(parser, first, maxDepth);
      if (parser.nextToken() != null) {
        throw new MalformedJsonException("more follows after the first value");
      }
      return value;
    } catch (StreamConstraintsException e) {
      throw new MalformedJsonException(
          "the value is nested deeper than "
              + MAX_DEPTH
              + ", or contains a number or a key of more than "
              + MAX_LENGTH
              + " characters");
    } catch (UnexpectedEndOfInputException e) {
      throw new MalformedJsonException("the text ends too early");
    } catch (JacksonException e) {
      throw new MalformedJsonException("invalid at character " + e.getLocation().getColumnNr());
    }
  }

  private static Json value(JsonParser parser, JsonToken token, int depth) {
    if (depth == 0 && (token == JsonToken.START_ARRAY || token == JsonToken.START_OBJECT)) {
      throw new StreamConstraintsException("too deep");
    }
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
          items.add(value(parser, next, depth - 1));
        }
        yield new Json.Array(items);
      }
      case START_OBJECT -> {
        Map<String, Json> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          fields.put(key, value(parser, parser.nextToken(), depth - 1));
        }
        yield new Json.Obj(fields);
      }
      default -> throw new IllegalStateException("no value starts with " + token);
    };
  }

  static byte[] encode(Json value) {
    return new JsonWriter(256).value(value, MAX_TOLD_DEPTH).written();
  }
}
