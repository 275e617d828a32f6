package io.earshot.bench.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.metric.Measurements;
import io.earshot.bench.metric.Metric;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A file with a run as lines of JSON, each written as soon as it is known. The field {@code is}
 * gives the kind of a line: fact, version, failure, load or result.
 *
 * <p>Immutable.
 */
public record RunFile(Path path) {
  private static final Map<String, Metric> METRICS = new HashMap<>();

  static {
    for (Metric metric : Metric.values()) {
      METRICS.put(metric.key(), metric);
    }
  }

  public void addFact(String name, String value) throws IOException {
    add(Map.of("is", "fact", "name", name, "value", value));
  }

  public void addVersion(String server, String version) throws IOException {
    add(Map.of("is", "version", "name", server, "value", version));
  }

  public void addFailure(String what, String why) throws IOException {
    add(Map.of("is", "failure", "name", what, "value", why));
  }

  /**
   * Adds a load.
   *
   * @param reference the title of the server that others are compared with
   */
  public void addLoad(Cell cell, String reference) throws IOException {
    add(
        Map.of(
            "is",
            "load",
            "name",
            cell.name(),
            "value",
            cell.about(),
            "shown",
            cell.shown().key(),
            "reference",
            reference));
  }

  public void add(Result result) throws IOException {
    var line = new LinkedHashMap<String, Object>();
    line.put("is", "result");
    line.put("server", result.server());
    line.put("load", result.cell());
    line.put("at", result.at());
    line.put("round", result.round());
    result.measurements().all().forEach((metric, value) -> line.put(metric.key(), value));
    add(line);
  }

  private void add(Map<String, Object> line) throws IOException {
    Files.createDirectories(path.toAbsolutePath().getParent());
    Files.writeString(path, new String(Json.from(line).encode(), UTF_8) + "\n", CREATE, APPEND);
  }

  /**
   * Reads the whole file.
   *
   * @throws IOException if it cannot be read, or a line is not valid; the message names the line
   */
  public Run read() throws IOException {
    var run = new Run();
    int number = 0;
    for (String line : Files.readAllLines(path)) {
      number++;
      try {
        if (!(Json.parse(line) instanceof Json.Obj fields)) {
          throw new IllegalArgumentException("not a JSON object");
        }
        take(fields, run);
      } catch (MalformedJsonException | IllegalArgumentException e) {
        throw new IOException(path + ", line " + number + ": " + e.getMessage(), e);
      }
    }
    return run;
  }

  private static void take(Json.Obj fields, Run run) {
    switch (text(fields, "is")) {
      case "fact" -> run.facts.put(text(fields, "name"), text(fields, "value"));
      case "version" -> run.versions.put(text(fields, "name"), text(fields, "value"));
      case "failure" -> run.failures.put(text(fields, "name"), text(fields, "value"));
      case "load" ->
          run.loadsByName.put(
              text(fields, "name"),
              new Run.Load(
                  text(fields, "value"),
                  metric(text(fields, "shown")),
                  // Files of earlier versions have no reference.
                  fields.get("reference") == null ? "" : text(fields, "reference")));
      case "result" -> run.results.add(result(fields));
      default -> throw new IllegalArgumentException("unknown kind of line: " + text(fields, "is"));
    }
  }

  private static Result result(Json.Obj fields) {
    var measurements = new Measurements();
    fields
        .fields()
        .forEach(
            (key, value) -> {
              Metric metric = METRICS.get(key);
              if (metric != null && value instanceof Json.Num(String literal)) {
                measurements.put(metric, Double.parseDouble(literal));
              }
            });
    return new Result(
        text(fields, "server"),
        text(fields, "load"),
        Double.parseDouble(text(fields, "at")),
        (int) Double.parseDouble(text(fields, "round")),
        measurements);
  }

  private static Metric metric(String key) {
    Metric metric = METRICS.get(key);
    if (metric == null) {
      throw new IllegalArgumentException("unknown metric: " + key);
    }
    return metric;
  }

  private static String text(Json.Obj fields, String key) {
    Json value = fields.get(key);
    String text = value == null ? null : value.asText();
    if (text == null) {
      throw new IllegalArgumentException("the field is missing: " + key);
    }
    return text;
  }
}
