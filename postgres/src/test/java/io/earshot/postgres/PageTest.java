package io.earshot.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.EarshotServer;
import io.earshot.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The session with psql that the page of PostgreSQL shows. */
class PageTest extends PostgresTestCase {
  private static final Path ROOT = Path.of(System.getProperty("earshot.root", ".."));

  /** The part of the session that sees what the server has done. */
  private static final String LATER = "shop=> SELECT room";

  @Test
  void psql_answers_as_the_page_says() throws Exception {
    postgres.execute("DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop");
    EarshotServer server =
        start(
            "postgres.url=" + postgres.url().replace("/postgres", "/shop"),
            "postgres.schema=earshot",
            "postgres.rooms=orders.*");
    awaitConnected(server);
    String session = Files.readString(ROOT.resolve("docs/postgres.txt"));
    int later = session.indexOf(LATER);
    check(session.substring(0, later));
    Await.until("the row", () -> state(server).contains("\"stored\":1"));
    check(session.substring(later));
    server.close();
    postgres.execute("DROP DATABASE shop");
  }

  private void check(String session) throws IOException, InterruptedException {
    var input = new ArrayList<String>();
    var output = new ArrayList<String>();
    for (String line : session.lines().toList()) {
      if (line.matches("shop=\\*?> .*")) {
        input.add(line.substring(line.indexOf("> ") + 2));
      } else {
        output.add(line);
      }
    }
    assertThat(psql(input)).isEqualTo(output);
  }

  private List<String> psql(List<String> input) throws IOException, InterruptedException {
    Path beside = postgres.programs().resolve("psql");
    Process psql =
        new ProcessBuilder(
                Files.isExecutable(beside) ? beside.toString() : "psql",
                "-X",
                "-h",
                "127.0.0.1",
                "-p",
                String.valueOf(postgres.port()),
                "-U",
                PostgresServer.USER,
                "shop")
            .redirectErrorStream(true)
            .start();
    try (var in = psql.outputWriter()) {
      in.write(String.join("\n", input) + "\n");
    }
    List<String> lines = psql.inputReader().lines().map(String::stripTrailing).toList();
    assertThat(psql.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return lines;
  }
}
