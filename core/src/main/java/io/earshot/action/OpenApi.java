package io.earshot.action;

import io.earshot.Action;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Describes actions as an OpenAPI 3.1 document. Each action has the path {@code /api/NAME}, which
 * accepts a GET with a query, and a POST with a form or JSON.
 *
 * <p>Immutable; static methods only.
 */
final class OpenApi {
  private OpenApi() {}

  static Map<String, Object> document(String title, Collection<Action> actions) {
    var paths = new LinkedHashMap<String, Object>();
    for (Action action : actions) {
      paths.put(
          "/api/" + URLEncoder.encode(action.name(), StandardCharsets.UTF_8), operations(action));
    }
    return fields(
        "openapi",
        "3.1.0",
        "info",
        fields("title", title, "version", "1", "description", "The actions of this server."),
        "paths",
        paths);
  }

  private static Map<String, Object> operations(Action action) {
    var params = new LinkedHashSet<String>(action.required());
    params.addAll(action.optional());
    Map<String, Object> get = operation(action, action.name());
    if (!params.isEmpty()) {
      get.put("parameters", params.stream().map(param -> parameter(action, param)).toList());
    }
    Map<String, Object> post = operation(action, action.name() + "ByPost");
    if (!params.isEmpty()) {
      post.put("requestBody", body(action, params));
    }
    return fields("get", get, "post", post);
  }

  private static Map<String, Object> operation(Action action, String id) {
    Map<String, Object> json =
        fields(
            "schema",
            fields(
                "type",
                "object",
                "properties",
                fields(
                    "error",
                    fields(
                        "type",
                        "string",
                        "description",
                        "Why the action was refused, or failed."))));
    if (!action.outputExample().isEmpty()) {
      json.put("example", action.outputExample());
    }
    Map<String, Object> answer =
        fields("description", "The answer", "content", fields("application/json", json));
    return fields(
        "operationId", id, "description", action.description(), "responses", fields("200", answer));
  }

  private static Map<String, Object> parameter(Action action, String name) {
    boolean required = action.required().contains(name);
    return fields(
        "name", name, "in", "query", "required", required, "schema", fields("type", "string"));
  }

  private static Map<String, Object> body(Action action, Set<String> params) {
    var properties = new LinkedHashMap<String, Object>();
    params.forEach(param -> properties.put(param, Map.of())); // any JSON
    Map<String, Object> schema = fields("type", "object", "properties", properties);
    if (!action.required().isEmpty()) {
      schema.put("required", new ArrayList<>(new LinkedHashSet<>(action.required())));
    }
    var content = new LinkedHashMap<String, Object>();
    for (String type : List.of("application/json", "application/x-www-form-urlencoded")) {
      content.put(type, fields("schema", schema));
    }
    return fields("required", !action.required().isEmpty(), "content", content);
  }

  /** A JSON object from names and values that alternate. */
  private static Map<String, Object> fields(Object... namesAndValues) {
    var fields = new LinkedHashMap<String, Object>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return fields;
  }
}
