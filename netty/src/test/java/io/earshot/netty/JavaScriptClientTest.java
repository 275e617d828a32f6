package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.NodeProgram;
import io.earshot.netty.testing.RestartableServer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The client of {@code client-js}, as its users have it, against real servers. */
final class JavaScriptClientTest {
  private static final Path SOURCES =
      Path.of(System.getProperty("earshot.root", "..")).resolve("client-js");

  @Test
  void the_client_joins_says_hears_and_resumes_over_every_transport() throws Exception {
    NodeProgram program = NodeProgram.install(SOURCES);
    Config plain = Config.defaults().with("general.reconnectSpread", "100ms");
    Config keeps =
        Config.defaults()
            .with("general.resumeWindow", "30s")
            .with("tokens.keys", List.of("k1 HS256 a secret that only tests know of"))
            .with("tokens.warning", "2s");
    try (var mortal = new RestartableServer(plain);
        EarshotServer sessions = Kind.LEAN_FRAMES.start(keeps)) {
      assertThat(
              program.run(
                  "node",
                  "--experimental-websocket",
                  "--test-reporter=spec",
                  "test/client.test.mjs",
                  "port=" + mortal.httpPort(),
                  "sessions=" + sessions.httpPort(),
                  "control=" + mortal.controlPort()))
          .contains("fail 0", "skipped 0");
    }
  }

  @Test
  void the_package_is_small_typed_and_fit_for_bundlers() throws Exception {
    NodeProgram program = NodeProgram.install(SOURCES);
    try (EarshotServer server = Kind.LEAN_FRAMES.start(Config.defaults())) {
      assertThat(
              program.run(
                  "node",
                  "--test-reporter=spec",
                  "test/package.test.mjs",
                  "port=" + server.httpPort(),
                  "root=" + SOURCES.resolveSibling(".").toRealPath()))
          .contains("fail 0", "skipped 0");
    }
  }
}
