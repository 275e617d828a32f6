package io.earshot.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ExamplesTest {

  @Test
  void the_embedded_server_serves_speaks_and_knows_who_is_there() throws Exception {
    var printed = new ByteArrayOutputStream();
    PrintStream out = System.out;
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      EmbeddedServer.main(new String[0]);
    } finally {
      System.setOut(out);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8).lines())
        .satisfiesExactly(
            line -> assertThat(line).contains("\"welcome\":", "\"room\":\"lobby\""),
            line -> assertThat(line).contains("The doors are open.", "\"from\":\"Earshot\""),
            line -> assertThat(line).contains("Red team, get ready.", "\"from\":\"referee\""),
            line -> assertThat(line).isEqualTo("in lobby:  1"));
  }
}
