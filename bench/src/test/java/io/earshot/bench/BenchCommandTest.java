package io.earshot.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.cell.Cells;
import io.earshot.bench.cell.Curves;
import io.earshot.bench.peer.Peer;
import io.earshot.bench.work.Traffic;
import io.earshot.bench.work.Transport;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BenchCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void help_names_every_cell_and_server() {
    assertThat(run("--help")).isZero();
    String help = out.toString();
    Cells.all().forEach(cell -> assertThat(help).contains(cell.name()));
    Curves.all().forEach(cell -> assertThat(help).contains(cell.name()));
    Peer.all().forEach(peer -> assertThat(help).contains(peer.name()));
  }

  @Test
  void an_unknown_cell_is_refused_with_the_known_ones() {
    assertThat(run("--cells", "W9")).isEqualTo(2);
    assertThat(err.toString()).contains("there is no cell 'W9'; there are: W1, W1-cold");
  }

  @Test
  void another_checkout_has_to_be_one() {
    assertThat(run("--before", folder.toString())).isEqualTo(2);
    assertThat(err.toString()).contains("is no checkout of Earshot");
  }

  @Test
  void an_unknown_option_is_refused_with_a_pointer_to_the_help() {
    assertThat(run("--turbo")).isEqualTo(2);
    assertThat(err.toString()).contains("--turbo", "bench/run --help");
  }

  @Test
  void a_report_of_a_missing_file_is_refused() {
    assertThat(run("report", folder.resolve("none.jsonl").toString())).isEqualTo(2);
    assertThat(err.toString()).contains("there is no file", "results.jsonl");
  }

  @Test
  void the_report_shows_the_command_without_the_folder_of_results() {
    assertThat(
            BenchCommand.command(List.of("--cells", "W1", "--out", "/tmp/here", "--rounds", "2")))
        .isEqualTo("bench/run --cells W1 --rounds 2");
    assertThat(BenchCommand.command(List.of("growth", "--out=here"))).isEqualTo("bench/run growth");
    assertThat(BenchCommand.command(List.of("--before", "../old", "--before=../old", "--quick")))
        .isEqualTo("bench/run --before=CHECKOUT --before=CHECKOUT --quick");
  }

  @Test
  void a_published_report_is_beside_its_raw_results() throws Exception {
    Path raw = folder.resolve("run/results.jsonl");
    Files.createDirectories(raw.getParent());
    Files.writeString(raw, "{\"is\":\"fact\",\"name\":\"machine\",\"value\":\"a test machine\"}\n");
    assertThat(run("publish", raw.toString())).isZero();
    Path page = folder.resolve("docs/performance/report.md");
    assertThat(out.toString()).contains(page.toString());
    assertThat(page).content().contains("- machine: a test machine", "bench/run publish");
    assertThat(page.resolveSibling("results.jsonl")).hasSameTextualContentAs(raw);
  }

  @Test
  void a_quick_load_keeps_its_kind_and_has_few_clients() {
    for (Cell cell : Cells.all()) {
      Cell quick = Cells.quick(cell);
      assertThat(quick.work()).as(cell.name()).hasSameClassAs(cell.work());
      assertThat(quick.population().connections()).isLessThanOrEqualTo(2000);
    }
  }

  @Test
  void a_cold_load_is_measured_without_warm_up_whatever_is_asked_for() {
    for (Cell cell : Cells.all()) {
      Cell longer = cell.lasting(7, 9);
      if (longer.work() instanceof Traffic traffic) {
        assertThat(traffic.warm()).isEqualTo(cell.name().endsWith("-cold") ? 0 : 7);
      }
    }
  }

  @Test
  void each_reference_is_a_server_that_can_serve_the_load() {
    for (Cell cell : Cells.all()) {
      if (cell.transport() != Transport.DEFLATE) {
        Peer reference =
            Peer.all().stream()
                .filter(peer -> peer.name().equals(cell.reference()))
                .findFirst()
                .orElseThrow();
        assertThat(reference.transport(cell)).as(cell.name()).isEqualTo(cell.transport());
      }
    }
  }

  private int run(String... args) {
    return BenchCommand.run(
        folder, 2, new PrintWriter(out, true), new PrintWriter(err, true), args);
  }
}
