package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.earshot.Config;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The client of {@code client-js}, as its users have it, against real servers. */
final class JavaScriptClientTest {
  private static final Path SOURCES =
      Path.of(System.getProperty("earshot.root", "..")).resolve("client-js");

  @Test
  void it_joins_says_hears_and_comes_back_by_every_transport() throws Exception {
    NodeProgram program = NodeProgram.install(SOURCES);
    Config plain = Config.defaults().with("general.reconnectSpread", "100ms");
    Config keeps =
        Config.defaults()
            .with("general.resumeWindow", "30s")
            .with("tokens.keys", List.of("k1 HS256 a secret that only tests know of"))
            .with("tokens.warning", "2s");
    try (var mortal = new Mortal(plain);
        EarshotServer sessions = Kind.LEAN_FRAMES.start(keeps)) {
      assertThat(
              program.run(
                  "node",
                  "--experimental-websocket",
                  "--test-reporter=spec",
                  "test/client.test.mjs",
                  "port=" + mortal.port,
                  "sessions=" + sessions.httpPort(),
                  "control=" + mortal.control.getAddress().getPort()))
          .contains("fail 0", "skipped 0");
    }
  }

  @Test
  void its_package_is_small_typed_and_fit_for_bundlers() throws Exception {
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

  /**
   * A server that starts anew on the same port whenever somebody asks.
   *
   * <p>Owned by the thread of its control, and by the test's before and after that.
   */
  private static final class Mortal implements AutoCloseable {
    private final Config config;
    private final HttpServer control;
    private final int port;
    private EarshotServer server;

    Mortal(Config config) throws IOException {
      this.config = config;
      server = Kind.LEAN_FRAMES.start(config);
      port = server.httpPort();
      control = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      var _ = control.createContext("/restart", this::restart);
      control.start();
    }

    private void restart(HttpExchange exchange) throws IOException {
      server.close();
      server = EarshotServer.start(config.with("tcpServer.port", 0).with("httpServer.port", port));
      exchange.sendResponseHeaders(200, -1);
      exchange.close();
    }

    @Override
    public void close() {
      control.stop(0);
      server.close();
    }
  }
}
