package io.earshot.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.cell.Cells;
import io.earshot.bench.cell.Curves;
import io.earshot.bench.metric.Measurements;
import io.earshot.bench.metric.Metric;
import io.earshot.bench.metric.ShortNumber;
import io.earshot.bench.metric.Spread;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportTest {
  private static final Cell BUSY = Cells.all().getFirst();
  private static final Cell POINT = Curves.all().getFirst();

  @TempDir Path folder;

  @Test
  void a_run_file_is_read_as_it_was_written() throws Exception {
    Run run = file().read();
    assertThat(run.facts).containsEntry("machine", "a test machine, 2 cores");
    assertThat(run.versions).containsOnlyKeys("Earshot", "Other <1>");
    assertThat(run.failures).containsEntry("Third", "it is \"not\" here");
    assertThat(run.results).hasSize(8);
    assertThat(run.spread("Earshot", "W1", 0, Metric.DELIVERIES))
        .isEqualTo(new Spread(3, 1_000_000, 2_000_000, 2_500_000));
  }

  @Test
  void the_overview_shows_the_median_minimum_and_maximum() throws Exception {
    assertThat(Report.overview(file().read(), List.of("W1")))
        .isEqualTo(
            """
            | load | Earshot | Other <1> |
            |---|---|---|
            | W1 deliveries/s | 2.00 M (1.00 M–2.50 M) | 190 k |
            """);
  }

  @Test
  void a_ratio_compares_with_the_reference_in_the_same_round() throws Exception {
    RunFile file = file();
    // The machine is half as fast in round 2, for both.
    file.add(result("Other <1>", BUSY, 0, 2, Metric.DELIVERIES, 100_000));
    assertThat(Report.relative(file.read(), List.of("W1")))
        .endsWith(
            """
            | load | Earshot | Other <1> |
            |---|---|---|
            | W1 deliveries/s | 10.3 (10.0–10.5) | (1) |
            """);
  }

  @Test
  void without_results_of_the_reference_there_are_no_ratios() throws Exception {
    assertThat(Report.relative(file().read(), List.of("room-size"))).isEmpty();
  }

  @Test
  void connects_have_rows_for_a_warm_and_for_a_cold_server() throws Exception {
    Cell connects = cell("connects");
    RunFile file = file();
    file.addLoad(connects, "Other <1>");
    var measurements = new Measurements();
    measurements.put(Metric.CONNECTED, 3400);
    measurements.put(Metric.CONNECT_CPU, 290);
    measurements.put(Metric.CONNECTED_COLD, 1500);
    measurements.put(Metric.CONNECT_CPU_COLD, 660);
    file.add(new Result("Earshot", "connects", 0, 1, measurements));
    assertThat(Report.overview(file.read(), List.of("connects")))
        .endsWith(
            """
            | connects connects/s | 3400 | – |
            | connects µs/connect | 290 | – |
            | connects connects/s cold | 1500 | – |
            | connects µs/connect cold | 660 | – |
            """);
  }

  private static Cell cell(String name) {
    return Cells.all().stream().filter(cell -> cell.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void the_report_names_machine_versions_failures_and_charts() throws Exception {
    Path page = Report.write(file().read(), folder);
    assertThat(Files.readString(page))
        .contains(
            "- machine: a test machine, 2 cores", "- Earshot: 0.1", "- Third: it is \"not\" here")
        .contains("![The loads](report.svg)", "## W1", "![room-size](room-size-Earshot.svg)")
        .contains("| 10 | 4.50 (4.00–5.00) |");
  }

  @Test
  void charts_are_valid_xml_with_titles_units_and_values() throws Exception {
    Report.write(file().read(), folder);
    String bars = Files.readString(folder.resolve("report.svg"));
    String curve = Files.readString(folder.resolve("room-size-Earshot.svg"));
    assertThat(bars)
        .contains("W1: Deliveries per second", "more is better", ">2.00 M<", ">Other &lt;1&gt;<")
        .contains("prefers-color-scheme: dark");
    assertThat(curve).contains("members of the one room (log scale)", "µs</text>", ">4.50<");
    for (String svg : List.of("report.svg", "room-size-Earshot.svg")) {
      var document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(folder.resolve(svg).toFile());
      assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
    }
  }

  @Test
  void an_invalid_line_is_named() throws Exception {
    Path path = folder.resolve("broken.jsonl");
    Files.writeString(path, "{\"is\":\"fact\",\"name\":\"a\",\"value\":\"b\"}\nnonsense\n");
    assertThatThrownBy(new RunFile(path)::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("line 2");
  }

  @Test
  void axes_end_at_round_values() {
    Axis axis = Axis.linear(2.3, 0, 100);
    assertThat(axis.most()).isEqualTo(3);
    assertThat(axis.marks()).containsExactly(0, 1, 2, 3);
    assertThat(Axis.logarithmic(1, 100, 0, 100).place(10)).isEqualTo(50);
    assertThat(ShortNumber.of(100_001)).isEqualTo("100 k");
    assertThat(ShortNumber.of(65_536)).isEqualTo("65.5 k");
    assertThat(ShortNumber.of(10_000)).isEqualTo("10 k");
    assertThat(ShortNumber.of(1000)).isEqualTo("1000");
    assertThat(ShortNumber.of(2.5)).isEqualTo("2.5");
  }

  @Test
  void the_median_of_an_even_number_of_values_is_between_the_middle_two() {
    assertThat(Spread.of(new double[] {1, 2, 4, 8})).isEqualTo(new Spread(4, 1, 3, 8));
    assertThat(Spread.of(new double[0]).shown(Metric.CPU)).isEqualTo("–");
  }

  private RunFile file() throws IOException {
    var file = new RunFile(folder.resolve("results.jsonl"));
    file.addFact("machine", "a test machine, 2 cores");
    file.addVersion("Earshot", "0.1");
    file.addVersion("Other <1>", "8");
    file.addFailure("Third", "it is \"not\" here");
    file.addLoad(BUSY, "Other <1>");
    file.addLoad(POINT, "Other <1>");
    file.add(result("Earshot", BUSY, 0, 1, Metric.DELIVERIES, 2_000_000));
    file.add(result("Other <1>", BUSY, 0, 1, Metric.DELIVERIES, 190_000));
    file.add(result("Earshot", BUSY, 0, 2, Metric.DELIVERIES, 1_000_000));
    file.add(result("Earshot", BUSY, 0, 3, Metric.DELIVERIES, 2_500_000));
    file.add(result("Earshot", POINT, 2, 1, Metric.SCHEDULED, 9));
    file.add(result("Earshot", POINT, 10, 1, Metric.SCHEDULED, 4));
    file.add(result("Earshot", POINT, 10, 2, Metric.SCHEDULED, 4.5));
    file.add(result("Earshot", POINT, 10, 3, Metric.SCHEDULED, 5));
    return file;
  }

  private static Result result(
      String server, Cell cell, double at, int round, Metric metric, double value) {
    var measurements = new Measurements();
    measurements.put(metric, value);
    return new Result(server, cell.name(), at, round, measurements);
  }
}
