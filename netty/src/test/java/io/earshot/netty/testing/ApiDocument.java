package io.earshot.netty.testing;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What {@code docs/openapi.json} says, for the tests of extensions that add paths to the API. */
public final class ApiDocument {
  private static final Path FILE =
      Path.of(System.getProperty("earshot.root", "..")).resolve("docs/openapi.json");

  private ApiDocument() {}

  private static Json.Obj at(String... path) {
    try {
      Json found = Json.parse(Files.readString(FILE));
      for (String name : path) {
        found = ((Json.Obj) found).fields().getOrDefault(name, new Json.Null());
      }
      return (Json.Obj) found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (MalformedJsonException e) {
      throw new AssertionError(e);
    }
  }

  /** The fields of an answer, by the name of its schema. */
  public static Set<String> fields(String schema) {
    return at("components", "schemas", schema, "properties").fields().keySet();
  }

  /** The operations below a path of the admin API, such as {@code GET webhooks/*}. */
  public static Set<String> operations(String collection) {
    var operations = new TreeSet<String>();
    for (Map.Entry<String, Json> path : at("paths").fields().entrySet()) {
      if ((path.getKey() + "/").startsWith("/admin/" + collection + "/")) {
        String shape = path.getKey().substring("/admin/".length()).replaceAll("\\{\\w+}", "*");
        ((Json.Obj) path.getValue())
            .fields()
            .keySet()
            .forEach(method -> operations.add(method.toUpperCase(Locale.ROOT) + " " + shape));
      }
    }
    return operations;
  }
}
