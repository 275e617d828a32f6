package io.earshot.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.bench.cell.Cells;
import io.earshot.bench.cell.Curves;
import io.earshot.bench.peer.Peer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
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
    assertThat(err.toString()).contains("there is no cell 'W9'; there are: W1, W1x");
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

  private int run(String... args) {
    return BenchCommand.run(
        folder, 2, new PrintWriter(out, true), new PrintWriter(err, true), args);
  }
}
