package io.earshot.netty.http;

import io.earshot.netty.frame.Utf8;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The path and the query of a URL, decoded.
 *
 * <p>Immutable.
 *
 * @param rawPath the path, not decoded
 * @param path the path, decoded
 * @param params the values of each query parameter; at most 1,024 parameters are read
 */
public record Query(String rawPath, String path, Map<String, List<String>> params) {
  private static final int MAX_PARAMS = 1024;
  private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

  /**
   * Reads a URL.
   *
   * @param uri path and query
   * @throws MalformedRequestException if a percent sign encodes nothing, or it is not UTF-8
   */
  public static Query of(String uri) throws MalformedRequestException {
    return read(encoded(uri), true);
  }

  /** Encodes the bytes that a client should have encoded, each of which is one character. */
  private static String encoded(String uri) {
    if (uri.chars().allMatch(c -> c < 0x80)) {
      return uri;
    }
    var encoded = new StringBuilder();
    uri.chars()
        .forEach(
            c -> {
              if (c < 0x80) {
                encoded.append((char) c);
              } else {
                encoded.append('%').append(HexFormat.of().toHexDigits((byte) c));
              }
            });
    return encoded.toString();
  }

  /** Reads a form, which has the syntax of a query. */
  public static Map<String, List<String>> ofForm(String body) throws MalformedRequestException {
    // One character for each byte, as in a URL.
    String bytes = new String(body.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    return read(encoded(bytes), false).params;
  }

  /** Decodes one segment of a raw path. */
  public static String segment(String raw) throws MalformedRequestException {
    return of(raw).path;
  }

  private static Query read(String text, boolean hasPath) throws MalformedRequestException {
    var decoder = new QueryStringDecoder(text, StandardCharsets.UTF_8, hasPath, MAX_PARAMS, true);
    try {
      var query = new Query(decoder.rawPath(), decoder.path(), decoder.parameters());
      if (text.indexOf('%') >= 0 && !Utf8.isText(text)) {
        throw new MalformedRequestException(
            hasPath ? "the URL is not UTF-8" : "the form is not UTF-8");
      }
      return query;
    } catch (IllegalArgumentException e) {
      throw new MalformedRequestException(
          "a percent sign is not followed by two hexadecimal digits");
    }
  }

  /** The value of a parameter that may be given once; null if it is not given. */
  public @Nullable String param(String name) throws ProblemException {
    List<String> values = params.getOrDefault(name, List.of());
    if (values.size() > 1) {
      throw ProblemException.badRequest(name + " is to be given once");
    }
    return values.isEmpty() ? null : values.getFirst();
  }

  /** A number, cut to the most; {@code otherwise} if the parameter is not given. */
  public int number(String name, int otherwise, int least, int most) throws ProblemException {
    String text = param(name);
    if (text == null) {
      return otherwise;
    }
    int number = NUMBER.matcher(text).matches() ? Integer.parseInt(text) : -1;
    if (number < least) {
      throw ProblemException.badRequest(name + " must be a number, " + least + " or more");
    }
    return Math.min(number, most);
  }
}
