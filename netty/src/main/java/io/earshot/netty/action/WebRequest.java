package io.earshot.netty.action;

import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.RequestBody;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A request for an action: the action is named by the path or by a param, and params come from the
 * query and the body.
 *
 * <p>Immutable.
 *
 * @param action the action's name; empty where none is named
 * @param params the params that some action understands
 * @param isPath whether the path is the action's name, and not {@code /api/NAME}
 */
public record WebRequest(String action, Map<String, Json> params, boolean isPath) {

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

  /**
   * Reads a request.
   *
   * @param query its URL
   * @param understood whether some action understands a param
   */
  public static WebRequest of(FullHttpRequest request, Query query, Predicate<String> understood)
      throws MalformedRequestException {
    var all = new LinkedHashMap<String, Json>();
    addAll(all, query.params());
    addBody(all, request);
    all.keySet().removeIf(name -> !COMMON.contains(name) && !understood.test(name));
    List<String> segments =
        Arrays.stream(query.path().split("/", -1)).filter(segment -> !segment.isEmpty()).toList();
    boolean isApi = !segments.isEmpty() && segments.getFirst().equals("api");
    String name = String.join("/", isApi ? segments.subList(1, segments.size()) : segments);
    return name.isEmpty()
        ? new WebRequest(action(all.get("action")), all, false)
        : new WebRequest(name, all, !isApi);
  }

  private static String action(@Nullable Json param) {
    String name = param == null ? null : param.asText();
    return name == null ? "" : name;
  }

  /** The text of a param; null if the param is missing or not a text or a number. */
  @Nullable String text(String name) {
    Json value = params.get(name);
    return value == null ? null : value.asText();
  }

  private static void addAll(Map<String, Json> params, Map<String, List<String>> more) {
    more.forEach((name, values) -> values.forEach(value -> add(params, name, Json.of(value))));
  }

  /** Adds a param. A name that comes twice gives a list. */
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
      throws MalformedRequestException {
    if (!request.content().isReadable()) {
      return;
    }
    switch (RequestBody.mediaType(request)) {
      case "application/x-www-form-urlencoded" ->
          addAll(params, Query.ofForm(RequestBody.utf8(request)));
      case "application/json" -> addJson(params, RequestBody.utf8(request));
      case "multipart/form-data" ->
          FormParts.read(
              request.content(),
              request.headers().get(HttpHeaderNames.CONTENT_TYPE, ""),
              (name, text) -> add(params, name, Json.of(text)));
      default -> {}
    }
  }

  private static void addJson(Map<String, Json> params, String body)
      throws MalformedRequestException {
    try {
      if (!(Json.parse(body) instanceof Json.Obj object)) {
        throw new MalformedRequestException("a JSON body must be one object");
      }
      params.putAll(object.fields());
    } catch (MalformedJsonException e) {
      throw new MalformedRequestException("the body is not valid JSON: " + e.getMessage());
    }
  }
}
