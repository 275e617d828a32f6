package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The options of the script {@code ./test}. */
class TestScriptTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path folder;

  private Program script(String option) throws Exception {
    String script = Path.of(System.getProperty("earshot.root"), "test").toString();
    return new Program(folder, Map.of(), List.of("sh", script, option));
  }

  @Test
  void help_says_what_the_script_does_and_runs_nothing() throws Exception {
    try (Program help = script("--help")) {
      assertThat(help.status(PATIENCE)).isZero();
      assertThat(String.join("\n", help.out()))
          .startsWith("Usage: ./test")
          .contains("Exit status:")
          .doesNotContain("the output of Maven is in target/test.log; JDK");
    }
  }

  @Test
  void an_unknown_option_is_one_line_and_status_2() throws Exception {
    try (Program refused = script("--fast")) {
      assertThat(refused.status(PATIENCE)).isEqualTo(2);
      assertThat(refused.err())
          .containsExactly("test: there is no '--fast'; ./test --help shows what there is");
      assertThat(refused.out()).isEmpty();
    }
  }
}
