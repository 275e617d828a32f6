package io.earshot.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.NodeProgram;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The console in a browser. With {@code -Dearshot.screenshots=true} what it looks like goes into
 * the documentation.
 */
final class ConsolePageTest {
  private static final Path ROOT = Path.of(System.getProperty("earshot.root", ".."));

  @Test
  void operators_see_find_and_change_what_their_key_permits() throws Exception {
    String browser = BrowserTest.browser();
    assumeTrue(NodeProgram.find("nc").isPresent(), "needs nc");
    boolean write = Boolean.getBoolean("earshot.screenshots");
    Path shots =
        write
            ? ROOT.resolve("docs/screenshots").toAbsolutePath()
            : Files.createDirectories(Path.of("target", "screenshots")).toAbsolutePath();
    NodeProgram program = NodeProgram.install("browser");
    String key = "what-only-the-operators-of-this-test-know";
    String readKey = "what-those-know-who-may-only-look-at-it";
    Config config =
        Config.defaults()
            .with("general.id", "chat-1")
            .with("rooms.announcements", false)
            .with("rooms.rules", List.of("attic messagesPerSecond=1"))
            .with("admin.keys", List.of("ops " + key))
            .with("admin.readKeys", List.of("eye " + readKey));
    try (EarshotServer server = Kind.LEAN_LINES.start(config)) {
      assertThat(
              program.run(
                  "node",
                  "--test-reporter=spec",
                  "console.test.js",
                  "tcp=" + server.tcpPort(),
                  "http=" + server.httpPort(),
                  "key=" + key,
                  "readKey=" + readKey,
                  "browser=" + browser,
                  "shots=" + shots))
          .contains("fail 0", "skipped 0");
    }
  }
}
