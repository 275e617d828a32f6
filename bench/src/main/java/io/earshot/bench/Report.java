package io.earshot.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A run as a page of Markdown, and its charts. */
final class Report {
  private static final List<Figure> TALK =
      List.of(
          Figure.DELIVERIES,
          Figure.CPU,
          Figure.SCHEDULED,
          Figure.CORE,
          Figure.P50,
          Figure.P99,
          Figure.P999,
          Figure.RESIDENT,
          Figure.PER_READ,
          Figure.GENERATOR,
          Figure.LOST,
          Figure.DISCONNECTED);
  private static final List<Figure> MEMORY =
      List.of(
          Figure.PER_CONNECTION,
          Figure.EMPTY,
          Figure.RESIDENT,
          Figure.CONNECTED,
          Figure.DISCONNECTED);
  private static final List<Figure> CURVE =
      List.of(Figure.SCHEDULED, Figure.CPU, Figure.DELIVERIES, Figure.P50, Figure.P99, Figure.LOST);

  private static final String METHOD =
      """
      Each run starts a server of its own on the loopback, lets all clients enter their rooms, warms up, and then
      measures. A delivery is one message heard by one client, and is recognized by a time stamp in its text. Where the
      rate is fixed, the stamp is the time when the message was due, so that one sent late has waited. CPU is user and
      system time of the server's process; "core" is all busy time of its core, the kernel's for the network included.
      Shown are medians, and the least and the most of all rounds. Absolute figures differ between machines: compare
      within one run. A generator near 100 % was itself the limit.
      """;

  private final Run run;
  private final StringBuilder page = new StringBuilder();

  private Report(Run run) {
    this.run = run;
  }

  /**
   * Writes {@code report.md} and its charts into a folder.
   *
   * @return the page
   */
  static Path write(Run run, Path folder) throws IOException {
    Files.createDirectories(folder);
    var report = new Report(run);
    report.page.append("# What was measured\n\n");
    report.facts();
    List<String> cells = run.loads();
    List<String> curves = run.curves();
    if (!cells.isEmpty()) {
      String subtitle = run.facts.getOrDefault("machine", "") + "; medians of all rounds";
      Files.writeString(folder.resolve("loads.svg"), BarChart.of(run, cells, subtitle));
      report.page.append("\n![The loads](loads.svg)\n\n## Overview\n\n");
      report.page.append(overview(run, cells));
      for (String cell : cells) {
        report.load(cell);
      }
    }
    for (String curve : curves) {
      report.curve(curve, folder);
    }
    Path written = folder.resolve("report.md");
    Files.writeString(written, report.page);
    return written;
  }

  /** What matters most of all that was measured, as tables. */
  static String summary(Run run) {
    var text = new StringBuilder();
    if (!run.loads().isEmpty()) {
      text.append(overview(run, run.loads()));
    }
    for (String curve : run.curves()) {
      for (String server : run.servers()) {
        text.append('\n').append(server).append(", ").append(curve).append("\n\n");
        text.append(points(run, server, curve));
      }
    }
    return text.toString();
  }

  private void facts() {
    page.append(METHOD).append('\n');
    run.facts.forEach(
        (name, value) -> page.append("- ").append(name).append(": ").append(value).append('\n'));
    run.versions.forEach(
        (server, version) ->
            page.append("- ").append(server).append(": ").append(version).append('\n'));
    if (!run.failures.isEmpty()) {
      page.append("\nLeft out, and why:\n\n");
      run.failures.forEach(
          (what, why) -> page.append("- ").append(what).append(": ").append(why).append('\n'));
    }
  }

  /** The shown figure of each load, for each server. */
  static String overview(Run run, List<String> cells) {
    var rows = new ArrayList<List<String>>();
    var head = new ArrayList<String>(List.of("server"));
    for (String cell : cells) {
      head.add(cell + " " + shown(run, cell).key());
    }
    rows.add(head);
    for (String server : run.servers()) {
      var row = new ArrayList<String>(List.of(server));
      for (String cell : cells) {
        row.add(run.spread(server, cell, 0, shown(run, cell)).shown(shown(run, cell)));
      }
      rows.add(row);
    }
    return table(rows);
  }

  private static Figure shown(Run run, String cell) {
    Run.Asked asked = run.asked.get(cell);
    return asked == null ? Figure.DELIVERIES : asked.shown();
  }

  private void load(String cell) {
    Run.Asked asked = run.asked.get(cell);
    if (asked == null) {
      return;
    }
    List<Figure> figures = asked.shown() == Figure.PER_CONNECTION ? MEMORY : TALK;
    var rows = new ArrayList<List<String>>();
    var head = new ArrayList<String>(List.of("server"));
    figures.forEach(figure -> head.add(figure.key()));
    rows.add(head);
    for (String server : run.servers()) {
      if (!run.spread(server, cell, 0, asked.shown()).isEmpty()) {
        var row = new ArrayList<String>(List.of(server));
        figures.forEach(figure -> row.add(run.spread(server, cell, 0, figure).shown(figure)));
        rows.add(row);
      }
    }
    if (rows.size() > 1) {
      page.append("\n## ").append(cell).append("\n\n").append(asked.about()).append("\n\n");
      page.append(table(rows));
    }
  }

  private void curve(String cell, Path folder) throws IOException {
    Run.Asked asked = run.asked.get(cell);
    if (asked == null) {
      return;
    }
    page.append("\n## ").append(cell).append("\n\n").append(asked.about()).append("\n");
    for (String server : run.servers()) {
      String file = cell + "-" + server.replaceAll("[^A-Za-z0-9]+", "-") + ".svg";
      Files.writeString(folder.resolve(file), LineChart.of(run, server, cell, asked));
      page.append("\n![").append(cell).append("](").append(file).append(")\n\n");
      page.append(points(run, server, cell));
    }
  }

  private static String points(Run run, String server, String curve) {
    var rows = new ArrayList<List<String>>();
    var head = new ArrayList<String>(List.of(curve));
    CURVE.forEach(figure -> head.add(figure.key()));
    rows.add(head);
    for (double at : run.points(curve)) {
      var row = new ArrayList<String>(List.of(Axis.shown(at)));
      CURVE.forEach(figure -> row.add(run.spread(server, curve, at, figure).shown(figure)));
      rows.add(row);
    }
    return table(rows);
  }

  /** The first row is the head. */
  static String table(List<List<String>> rows) {
    var text = new StringBuilder();
    for (int i = 0; i < rows.size(); i++) {
      text.append("| ").append(String.join(" | ", rows.get(i))).append(" |\n");
      if (i == 0) {
        text.append("|---".repeat(rows.getFirst().size())).append("|\n");
      }
    }
    return text.toString();
  }
}
