package io.earshot.netty;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What an HTTP request asks: an action, named by the path or a param, and params from the query and
 * the body.
 *
 * <p>Immutable.
 *
 * @param action the action's name; empty where none is named
 * @param params those of the params that somebody understands
 */
record WebRequest(String action, Map<String, Json> params) {

  /** The params that are understood whatever the action. */
  private static final Set<String> COMMON =
      Set.of(
          "callback",
          "action",
          "limit",
          "offset",
          "outputType",
          "fileName",
          "roomMatchKey",
          "roomMatchValue");

  private static final int MAX_PARAMS = 1024;

  /** A request that makes no sense; the message is for whoever sent it. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message, null, false, false);
    }
  }

  /** The names in a path, without what is empty. */
  static List<String> segments(String path) {
    return Arrays.stream(path.split("/", -1)).filter(segment -> !segment.isEmpty()).toList();
  }

  /**
   * Reads a request.
   *
   * @param path its path, decoded
   * @param query its query, decoded
   * @param understood whether some action understands a param
   */
  static WebRequest of(
      FullHttpRequest request,
      String path,
      Map<String, List<String>> query,
      Predicate<String> understood)
      throws MalformedException {
    var all = new LinkedHashMap<String, Json>();
    query.forEach((name, values) -> values.forEach(value -> add(all, name, Json.of(value))));
    addBody(all, request);
    all.keySet().removeIf(name -> !COMMON.contains(name) && !understood.test(name));
    return new WebRequest(action(segments(path), all), all);
  }

  private static String action(List<String> segments, Map<String, Json> params) {
    int first = !segments.isEmpty() && segments.getFirst().equals("api") ? 1 : 0;
    if (segments.size() > first) {
      return segments.get(first);
    }
    Json action = params.get("action");
    String name = action == null ? null : action.asText();
    return name == null ? "" : name;
  }

  /** A param as text, where it is one. */
  @Nullable String text(String name) {
    Json value = params.get(name);
    return value == null ? null : value.asText();
  }

  /** A name that comes twice gives a list. */
  private static void add(Map<String, Json> params, String name, Json value) {
    params.merge(
        name,
        value,
        (before, more) -> {
          var list =
              new ArrayList<Json>(
                  before instanceof Json.Array(var items) ? items : List.of(before));
          list.add(more);
          return new Json.Array(list);
        });
  }

  private static void addBody(Map<String, Json> params, FullHttpRequest request)
      throws MalformedException {
    String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE);
    if (type == null || !request.content().isReadable()) {
      return;
    }
    String kind = type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (kind.contentEquals(HttpHeaderValues.APPLICATION_X_WWW_FORM_URLENCODED)) {
      String body = request.content().toString(StandardCharsets.UTF_8);
      decoded(body, false)
          .parameters()
          .forEach((name, values) -> values.forEach(value -> add(params, name, Json.of(value))));
    } else if (kind.contentEquals(HttpHeaderValues.APPLICATION_JSON)) {
      addJson(params, request.content().toString(StandardCharsets.UTF_8));
    } else if (kind.contentEquals(HttpHeaderValues.MULTIPART_FORM_DATA)) {
      FormParts.read(request.content(), type, (name, text) -> add(params, name, Json.of(text)));
    }
  }

  /** A query, with percents decoded and a limit on how many params it has. */
  static QueryStringDecoder decoded(String text, boolean hasPath) throws MalformedException {
    var decoder = new QueryStringDecoder(text, StandardCharsets.UTF_8, hasPath, MAX_PARAMS, true);
    try {
      decoder.path();
      decoder.parameters();
      return decoder;
    } catch (IllegalArgumentException e) {
      throw new MalformedException("a percent sign is not followed by two hexadecimal digits");
    }
  }

  private static void addJson(Map<String, Json> params, String body) throws MalformedException {
    try {
      if (!(Json.parse(body) instanceof Json.Obj object)) {
        throw new MalformedException("a JSON body must be one object");
      }
      params.putAll(object.fields());
    } catch (MalformedJsonException e) {
      throw new MalformedException("the body is not valid JSON: " + e.getMessage());
    }
  }
}
