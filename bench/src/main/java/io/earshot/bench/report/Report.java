package io.earshot.bench.report;

import io.earshot.bench.metric.Metric;
import io.earshot.bench.metric.ShortNumber;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Writes a run as a page of Markdown with charts. */
public final class Report {
  private static final List<Metric> TRAFFIC_METRICS =
      List.of(
          Metric.DELIVERIES,
          Metric.CPU,
          Metric.SCHEDULED,
          Metric.CORE,
          Metric.P50,
          Metric.P99,
          Metric.P999,
          Metric.RESIDENT,
          Metric.PER_READ,
          Metric.BYTES,
          Metric.GENERATOR,
          Metric.LOST,
          Metric.DISCONNECTED);
  private static final List<Metric> MEMORY_METRICS =
      List.of(
          Metric.PER_CONNECTION,
          Metric.EMPTY,
          Metric.RESIDENT,
          Metric.CONNECTED,
          Metric.DISCONNECTED);
  private static final List<Metric> CONNECT_METRICS =
      Stream.concat(
              Metric.CONNECT_METRICS.stream(),
              Stream.of(Metric.RESUMED, Metric.RESIDENT, Metric.GENERATOR, Metric.DISCONNECTED))
          .toList();
  private static final List<Metric> CURVE_METRICS =
      List.of(Metric.SCHEDULED, Metric.CPU, Metric.DELIVERIES, Metric.P50, Metric.P99, Metric.LOST);

  private static final String CHART = "report.svg";

  private static final String TITLE =
      """
      # Measurements

      `bench/run` has measured these values, and `bench/run publish` writes this page from `results.jsonl`.

      """;

  private static final String METHOD =
      """
      Each run starts a new server process on the loopback, connects all clients, which join their rooms, warms up, and
      then measures. A delivery is one message received by one client; a time stamp in its text identifies it. At a
      fixed rate, the stamp is the time at which the message was due, so that the latency of a message sent late
      includes the delay. CPU is user and system time of the server's process; "core" is all busy time of its core,
      including the kernel's work for the network. Tables show medians, and the minimum and maximum of all rounds.
      Absolute values differ between machines: compare within one run. If the generator is near 100 %, it was the limit.
      "Cold" is the first seconds of a server process.
      """;

  private static final String RELATIVE =
      """
      ### Relative to the reference

      The same values divided by those of the reference in the same round, which is marked (1): the bare C server, with
      answers to its publishers in small rooms, and with a TLS proxy or as OpenSSL's test server over TLS.
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
  public static Path write(Run run, Path folder) throws IOException {
    Files.createDirectories(folder);
    var report = new Report(run);
    report.page.append(TITLE);
    report.facts();
    List<String> cells = run.loads();
    List<String> curves = run.curves();
    if (!cells.isEmpty()) {
      String subtitle = run.facts.getOrDefault("machine", "") + "; medians of all rounds";
      Files.writeString(folder.resolve(CHART), BarChart.of(run, cells, subtitle));
      report.page.append("\n![The loads](" + CHART + ")\n\n## Overview\n\n");
      report.page.append(overview(run, cells));
      report.page.append(relative(run, cells));
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

  /** The main metrics of all loads, as tables. */
  public static String summary(Run run) {
    var text = new StringBuilder();
    if (!run.loads().isEmpty()) {
      text.append(overview(run, run.loads())).append(relative(run, run.loads()));
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

  /** The main metrics of each load, for each server. */
  static String overview(Run run, List<String> cells) {
    return table(
        run,
        cells,
        (server, cell, load, metric) -> run.spread(server, cell, 0, metric).shown(metric));
  }

  /** The same relative to the reference of each load; empty if no reference was measured. */
  static String relative(Run run, List<String> cells) {
    List<String> compared =
        cells.stream()
            .filter(
                cell -> {
                  Run.Load load = run.loadsByName.get(cell);
                  return load != null
                      && !run.spread(load.reference(), cell, 0, load.shown()).isEmpty();
                })
            .toList();
    return compared.isEmpty()
        ? ""
        : "\n"
            + RELATIVE
            + "\n"
            + table(
                run,
                compared,
                (server, cell, load, metric) ->
                    server.equals(load.reference())
                        ? "(1)"
                        : run.ratios(server, load.reference(), cell, metric).shown(Metric.RATIO));
  }

  /** What a table shows of one server in one load. */
  private interface Entry {
    String of(String server, String cell, Run.Load load, Metric metric);
  }

  /** A table with a row for each main metric of each load, and a column for each server. */
  private static String table(Run run, List<String> cells, Entry entry) {
    var rows = new ArrayList<List<String>>();
    var head = new ArrayList<String>(List.of("load"));
    head.addAll(run.servers());
    rows.add(head);
    for (String cell : cells) {
      Run.Load load = run.loadsByName.get(cell);
      if (load == null) {
        continue;
      }
      for (Metric metric : load.headline()) {
        var row = new ArrayList<String>(List.of(cell + " " + metric.key()));
        for (String server : run.servers()) {
          row.add(entry.of(server, cell, load, metric));
        }
        rows.add(row);
      }
    }
    return table(rows);
  }

  private void load(String cell) {
    Run.Load load = run.loadsByName.get(cell);
    if (load == null) {
      return;
    }
    List<Metric> measurements =
        switch (load.shown()) {
          case PER_CONNECTION -> MEMORY_METRICS;
          case CONNECTED, CONNECT_CPU -> CONNECT_METRICS;
          default -> TRAFFIC_METRICS;
        };
    var rows = new ArrayList<List<String>>();
    var head = new ArrayList<String>(List.of("server"));
    measurements.forEach(metric -> head.add(metric.key()));
    rows.add(head);
    for (String server : run.servers()) {
      if (!run.spread(server, cell, 0, load.shown()).isEmpty()) {
        var row = new ArrayList<String>(List.of(server));
        measurements.forEach(metric -> row.add(run.spread(server, cell, 0, metric).shown(metric)));
        rows.add(row);
      }
    }
    if (rows.size() > 1) {
      page.append("\n## ").append(cell).append("\n\n").append(load.about()).append("\n\n");
      page.append(table(rows));
    }
  }

  private void curve(String cell, Path folder) throws IOException {
    Run.Load load = run.loadsByName.get(cell);
    if (load == null) {
      return;
    }
    page.append("\n## ").append(cell).append("\n\n").append(load.about()).append("\n");
    for (String server : run.servers()) {
      String file = cell + "-" + server.replaceAll("[^A-Za-z0-9]+", "-") + ".svg";
      Files.writeString(folder.resolve(file), LineChart.of(run, server, cell, load));
      page.append("\n![").append(cell).append("](").append(file).append(")\n\n");
      page.append(points(run, server, cell));
    }
  }

  private static String points(Run run, String server, String curve) {
    var rows = new ArrayList<List<String>>();
    var head = new ArrayList<String>(List.of(curve));
    CURVE_METRICS.forEach(metric -> head.add(metric.key()));
    rows.add(head);
    for (double at : run.points(curve)) {
      var row = new ArrayList<String>(List.of(ShortNumber.of(at)));
      CURVE_METRICS.forEach(metric -> row.add(run.spread(server, curve, at, metric).shown(metric)));
      rows.add(row);
    }
    return table(rows);
  }

  /** A Markdown table. The first row is the header. */
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
