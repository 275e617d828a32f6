package io.earshot.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A run as lines of JSON, each written as soon as it is known. A line has a field {@code is} that
 * says what it is: fact, version, failure, load or result.
 *
 * <p>Immutable.
 */
record RunFile(Path path) {
  private static final Map<String, Figure> FIGURES = new HashMap<>();

  static {
    for (Figure figure : Figure.values()) {
      FIGURES.put(figure.key(), figure);
    }
  }

  void addFact(String name, String value) throws IOException {
    add(Map.of("is", "fact", "name", name, "value", value));
  }

  void addVersion(String server, String version) throws IOException {
    add(Map.of("is", "version", "name", server, "value", version));
  }

  void addFailure(String what, String why) throws IOException {
    add(Map.of("is", "failure", "name", what, "value", why));
  }

  void addLoad(Cell cell) throws IOException {
    add(
        Map.of(
            "is", "load", "name", cell.name(), "value", cell.about(), "shown", cell.shown().key()));
  }

  void add(Result result) throws IOException {
    var line = new LinkedHashMap<String, Object>();
    line.put("is", "result");
    line.put("server", result.server());
    line.put("load", result.cell());
    line.put("at", result.at());
    line.put("round", result.round());
    result.figures().all().forEach((figure, value) -> line.put(figure.key(), value));
    add(line);
  }

  private void add(Map<String, Object> line) throws IOException {
    Files.createDirectories(path.toAbsolutePath().getParent());
    Files.writeString(path, new String(Json.from(line).encode(), UTF_8) + "\n", CREATE, APPEND);
  }

  /**
   * Reads all of it.
   *
   * @throws IOException if it cannot be read, or a line is none of ours; the message says which
   */
  Run read() throws IOException {
    var run = new Run();
    int number = 0;
    for (String line : Files.readAllLines(path)) {
      number++;
      try {
        if (!(Json.parse(line) instanceof Json.Obj fields)) {
          throw new IllegalArgumentException("no JSON object");
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
          run.asked.put(
              text(fields, "name"),
              new Run.Asked(text(fields, "value"), figure(text(fields, "shown"))));
      case "result" -> run.results.add(result(fields));
      default -> throw new IllegalArgumentException("unknown kind of line: " + text(fields, "is"));
    }
  }

  private static Result result(Json.Obj fields) {
    var figures = new Figures();
    fields
        .fields()
        .forEach(
            (key, value) -> {
              Figure figure = FIGURES.get(key);
              if (figure != null && value instanceof Json.Num(String literal)) {
                figures.put(figure, Double.parseDouble(literal));
              }
            });
    return new Result(
        text(fields, "server"),
        text(fields, "load"),
        Double.parseDouble(text(fields, "at")),
        (int) Double.parseDouble(text(fields, "round")),
        figures);
  }

  private static Figure figure(String key) {
    Figure figure = FIGURES.get(key);
    if (figure == null) {
      throw new IllegalArgumentException("unknown figure: " + key);
    }
    return figure;
  }

  private static String text(Json.Obj fields, String key) {
    Json value = fields.get(key);
    String text = value == null ? null : value.asText();
    if (text == null) {
      throw new IllegalArgumentException("no " + key);
    }
    return text;
  }
}
