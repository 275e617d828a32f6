package io.earshot.netty.http;

import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
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
   * @throws MalformedRequestException if a percent sign encodes nothing
   */
  public static Query of(String uri) throws MalformedRequestException {
    return read(uri, true);
  }

  /** Reads a form, which has the syntax of a query. */
  public static Map<String, List<String>> ofForm(String body) throws MalformedRequestException {
    return read(body, false).params;
  }

  /** Decodes one segment of a raw path. */
  public static String segment(String raw) throws MalformedRequestException {
    return of(raw).path;
  }

  private static Query read(String text, boolean hasPath) throws MalformedRequestException {
    var decoder = new QueryStringDecoder(text, StandardCharsets.UTF_8, hasPath, MAX_PARAMS, true);
    try {
      return new Query(decoder.rawPath(), decoder.path(), decoder.parameters());
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
