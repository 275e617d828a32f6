package io.earshot.backend.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Api;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.spi.ExtensionContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** The paths of webhooks in {@code docs/openapi.json}; those of the server are tested in netty. */
final class WebhookDocumentTest {
  private static final Path FILE =
      Path.of(System.getProperty("earshot.root", "..")).resolve("docs/openapi.json");

  private static Json.Obj at(String... path) throws IOException, MalformedJsonException {
    Json found = Json.parse(Files.readString(FILE));
    for (String name : path) {
      found = ((Json.Obj) found).fields().getOrDefault(name, new Json.Null());
    }
    return (Json.Obj) found;
  }

  /** The fields of an answer, by the name of its schema. */
  static Set<String> fields(String schema) throws IOException, MalformedJsonException {
    return at("components", "schemas", schema, "properties").fields().keySet();
  }

  @Test
  void the_document_has_each_path_of_webhooks_and_no_other() throws Exception {
    var routes = new TreeSet<String>();
    new WebhookRoutes(List.of()).addTo(new Recorder(routes));
    var described = new TreeSet<String>();
    for (Map.Entry<String, Json> path : at("paths").fields().entrySet()) {
      if (path.getKey().startsWith("/admin/webhooks")) {
        String shape = path.getKey().substring("/admin/".length()).replaceAll("\\{\\w+}", "*");
        ((Json.Obj) path.getValue())
            .fields()
            .keySet()
            .forEach(method -> described.add(method.toUpperCase(Locale.ROOT) + " " + shape));
      }
    }
    assertThat(described).isEqualTo(routes);
  }

  /** Takes note of the routes of an extension. */
  private record Recorder(Set<String> routes) implements ExtensionContext {
    @Override
    public Api api() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void metric(String name, String meaning, Map<String, String> tags, LongSupplier value) {}

    @Override
    public void adminRoute(
        String method, String shape, Function<AdminRequest, CompletionStage<Json>> reply) {
      routes.add(method + " " + shape);
    }

    @Override
    public void problem(String name, String what) {}
  }
}
