package io.earshot.netty.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.AdminClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.NodeProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The programs in {@code deploy/snippets}, which publish a message in some languages. */
final class SnippetsTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("earshot.root", "..")).resolve("deploy/snippets").toAbsolutePath();
  private static final int MOST_LINES = 20;
  private static final String KEY = "k".repeat(40);

  private static final EarshotServer SERVER =
      Kind.LEAN_LINES.start(Config.defaults().with("admin.keys", List.of("shop " + KEY)));

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource({
    "curl, publish.sh, sh",
    "python3, publish.py, python3",
    "php, publish.php, php",
    "node, publish.mjs, node",
    "ruby, publish.rb, ruby",
    "go, publish.go, go run"
  })
  void a_snippet_publishes_a_message_once_and_prints_its_place(
      String tool, String file, String command) throws Exception {
    assumeTrue(NodeProgram.find(tool).isPresent(), "needs " + tool);
    String room = "of " + tool;
    boolean isShell = tool.equals("curl");
    String text = "caf\u00e9 \"7\" \\ & 'x'";
    var arguments = new ArrayList<>(List.of(command.split(" ")));
    arguments.add(FOLDER.resolve(file).toString());
    arguments.add(isShell ? json(room) : room);
    arguments.add(isShell ? json(text) : text);
    arguments.add("order-7-" + tool);
    assertThat(run(arguments, KEY, 0)).matches(room + " \\w+:1\n");
    assertThat(run(arguments, KEY, 0)).as("again").matches(room + " \\w+:1\n");
    assertThat(shop().get("/admin/rooms/" + room.replace(" ", "%20") + "/messages").body())
        .containsOnlyOnce("\"message\":" + json(text));
    assertThat(run(arguments, "wrong", 1)).doesNotContain(room + " ");
  }

  private static AdminClient shop() {
    return new AdminClient(SERVER.httpPort(), KEY);
  }

  private static String json(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  /** Runs a program, which has to succeed or fail, and returns what it prints. */
  private static String run(List<String> command, String key, int status) throws Exception {
    Path output = Files.createTempFile("earshot-snippet", ".txt");
    try {
      var builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.redirectOutput(output.toFile());
      builder.environment().put("EARSHOT_URL", "http://localhost:" + SERVER.httpPort());
      builder.environment().put("EARSHOT_KEY", key);
      builder.environment().put("GOCACHE", Path.of("target/go-cache").toAbsolutePath().toString());
      builder.environment().put("GOFLAGS", "-mod=mod");
      builder.environment().put("LC_ALL", "C.UTF-8");
      Process process = builder.start();
      boolean hasEnded = process.waitFor(1, TimeUnit.MINUTES);
      process.destroyForcibly();
      String printed = Files.readString(output);
      assertThat(hasEnded && (process.exitValue() == 0) == (status == 0)).as(printed).isTrue();
      return printed;
    } finally {
      Files.delete(output);
    }
  }

  @Test
  void snippets_are_short() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      for (Path file : files.toList()) {
        assertThat(Files.readAllLines(file))
            .as(file.toString())
            .hasSizeLessThanOrEqualTo(MOST_LINES);
      }
    }
  }
}
