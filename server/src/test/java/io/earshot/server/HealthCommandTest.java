package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code ./earshot health}, against a server that is ready, one that is not, and none. */
class HealthCommandTest {
  @Test
  void the_status_says_whether_the_server_is_ready() throws IOException {
    String url;
    try (var server = EarshotServer.start(config())) {
      url = "http://127.0.0.1:" + server.httpPort();
      Run ready = Run.of("health", url);
      assertThat(ready).isEqualTo(new Run(0, "ready" + System.lineSeparator(), ""));
      assertThat(Run.of(Map.of("EARSHOT_URL", url), "health")).isEqualTo(ready);
    }
    assertFails(1, "no answer from " + url + "/readyz: ", url);
  }

  @Test
  void a_server_that_drains_is_not_ready() throws IOException {
    Config config =
        config()
            .with("management.enabled", true)
            .with("management.port", 0)
            .with("general.drainDelay", "60s");
    try (var server = EarshotServer.start(config)) {
      var _ = server.drain();
      for (int port : List.of(server.httpPort(), server.managementPort())) {
        String url = "http://127.0.0.1:" + port;
        assertFails(1, url + "/readyz answers 503 {\"ready\":false,\"reasons\":[", url);
      }
    }
  }

  @Test
  void an_address_that_is_none_is_refused() {
    assertFails(2, "health here: write it as http://HOST:PORT or https://HOST:PORT", "here");
  }

  private static Config config() {
    return Config.defaults().with("tcpServer.enabled", false).with("httpServer.port", 0);
  }

  private static void assertFails(int status, String why, String url) {
    Run run = Run.of("health", url);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines()).singleElement().asString().startsWith("earshot: " + why);
    assertThat(run.status()).isEqualTo(status);
  }
}
