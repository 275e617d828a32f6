package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The description of the admin API and of room URLs, {@code docs/openapi.json}, which answers are
 * compared with.
 *
 * <p>Owned by the test's thread.
 */
final class OpenApiDocument {
  static final Path FILE =
      Path.of(System.getProperty("earshot.root", "..")).resolve("docs/openapi.json");

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final List<String> METHODS = List.of("get", "put", "post", "delete");

  private final SchemaRegistry registry =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

  private final ObjectNode root;
  private final Map<JsonNode, Schema> compiled = new HashMap<>();

  private OpenApiDocument(ObjectNode root) {
    this.root = root;
  }

  static OpenApiDocument read() throws IOException {
    return new OpenApiDocument((ObjectNode) MAPPER.readTree(Files.readString(FILE)));
  }

  /**
   * What is wrong with the document by the schema that the OpenAPI Initiative publishes (under the
   * Apache License 2.0), and with its schemas by that of JSON Schema.
   */
  List<Error> errors() throws IOException {
    var errors = new ArrayList<Error>();
    try (var schema = OpenApiDocument.class.getResourceAsStream("/openapi-3.1/schema.json")) {
      errors.addAll(registry.getSchema(schema, InputFormat.JSON).validate(root));
    }
    Schema meta =
        registry.getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_2020_12.getDialectId()));
    root.findValues("schema").stream()
        .filter(JsonNode::isObject) // an example has a field of this name, too
        .forEach(each -> errors.addAll(meta.validate(each)));
    root.get("components").get("schemas").forEach(each -> errors.addAll(meta.validate(each)));
    return errors;
  }

  /**
   * All operations, such as {@code GET /admin/rooms/{room}}, but for those of extensions, which
   * this module has none of.
   */
  TreeSet<String> operations() {
    var all = new TreeSet<String>();
    for (Map.Entry<String, JsonNode> path : root.get("paths").properties()) {
      for (String method : METHODS) {
        JsonNode operation = path.getValue().path(method);
        if (operation.isObject() && !operation.at("/tags/0").asString().equals("back ends")) {
          all.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
        }
      }
    }
    return all;
  }

  /** An operation, such as {@code GET /admin/rooms/{room}}. */
  JsonNode operation(String name) {
    String[] words = name.split(" ", 2);
    JsonNode found = root.get("paths").path(words[1]).path(words[0].toLowerCase(Locale.ROOT));
    assertThat(found.isObject()).as(name + " in the document").isTrue();
    return found;
  }

  /** The example of the JSON body of a request. */
  String exampleBody(String operation) {
    return operation(operation).at("/requestBody/content/application~1json/example").toString();
  }

  /** Checks the body of a request that is accepted. */
  void checkRequest(String operation, String body) {
    JsonNode schema = operation(operation).at("/requestBody/content/application~1json/schema");
    check(schema, MAPPER.readTree(body), operation + " " + body);
  }

  /** Checks the status, the type and, if it is JSON, the body of an answer. */
  void checkResponse(String operation, int status, String type, String body) {
    JsonNode responses = operation(operation).get("responses");
    JsonNode response = resolved(responses.path(String.valueOf(status)));
    String what = operation + ": " + status + " " + type + " " + body;
    assertThat(response.isObject()).as(what + " has a status of the document").isTrue();
    JsonNode content = response.path("content").path(type.split(";", 2)[0]);
    assertThat(content.isObject()).as(what + " has a type of the document").isTrue();
    if (type.endsWith("json") && !type.contains("ndjson")) {
      check(content.get("schema"), MAPPER.readTree(body), what);
    }
  }

  private JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? root.at(node.get("$ref").asString().substring(1)) : node;
  }

  private void check(JsonNode schema, JsonNode instance, String what) {
    assertThat(schema.isObject()).as("a schema for " + what).isTrue();
    Schema read = compiled.computeIfAbsent(schema, this::compile);
    assertThat(read.validate(instance)).as(what).isEmpty();
  }

  private Schema compile(JsonNode schema) {
    ObjectNode whole = (ObjectNode) schema.deepCopy();
    whole.set("components", root.get("components").deepCopy());
    close(whole);
    return registry.getSchema(whole);
  }

  /** Lets objects have the fields of the document alone. The document itself permits more. */
  private static void close(JsonNode node) {
    if (node instanceof ObjectNode object
        && object.path("properties").isObject()
        && "object".equals(object.path("type").asString(""))
        && !object.has("additionalProperties")) {
      object.put("additionalProperties", false);
    }
    node.forEach(OpenApiDocument::close);
  }

  /** Checks all examples, and returns how many there are. */
  int checkExamples() {
    var checked = new ArrayList<String>();
    checkExamples(root.get("paths"), "", checked);
    return checked.size();
  }

  private void checkExamples(JsonNode node, String at, List<String> checked) {
    if (node.has("example") && node.has("schema")) {
      check(node.get("schema"), node.get("example"), "the example of " + at);
      checked.add(at);
    }
    for (Map.Entry<String, JsonNode> child : node.properties()) {
      if (!child.getKey().equals("example")) {
        checkExamples(child.getValue(), at + "/" + child.getKey(), checked);
      }
    }
  }
}
