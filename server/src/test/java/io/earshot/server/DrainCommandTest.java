package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./earshot drain}, against a server and without one. */
class DrainCommandTest {
  private static final String KEY = "k".repeat(40);

  @Test
  void a_server_is_emptied_and_the_command_waits_for_its_end() throws Exception {
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("admin.keys", List.of("night " + KEY));
    try (var server = EarshotServer.start(config)) {
      var _ = server.drained().thenRunAsync(server::close);
      Run run =
          Run.of(
              "drain",
              "--url",
              "http://localhost:" + server.httpPort(),
              "--key",
              KEY,
              "--time",
              "1");
      assertThat(run.err()).isEmpty();
      assertThat(run.out())
          .startsWith(
              "draining http://localhost:"
                  + server.httpPort()
                  + ": accepts clients for 0 s, then ends 0")
          .endsWith("the server has stopped" + System.lineSeparator());
      assertThat(run.status()).isZero();
    }
  }

  @Test
  void what_is_missing_or_wrong_is_one_line() throws Exception {
    assertFails(2, "give the secret of a key of admin.keys: --key SECRET, or EARSHOT_KEY", "drain");
    assertFails(
        2,
        "--url: write it as http://HOST:PORT or https://HOST:PORT",
        "drain",
        "--key",
        KEY,
        "--url",
        "here");
    String url;
    try (var server =
        EarshotServer.start(
            Config.defaults()
                .with("tcpServer.enabled", false)
                .with("httpServer.port", 0)
                .with("admin.keys", List.of("night " + KEY)))) {
      url = "http://localhost:" + server.httpPort();
      assertFails(
          1,
          "the server answered 401: this is no key (admin.keys); --key is the secret alone",
          "drain",
          "--url",
          url,
          "--key",
          "night" + KEY);
    }
    try (var server =
        EarshotServer.start(
            Config.defaults().with("tcpServer.enabled", false).with("httpServer.port", 0))) {
      assertFails(
          1,
          "the server answered 404; is admin.keys set there",
          "drain",
          "--url",
          "http://localhost:" + server.httpPort(),
          "--key",
          KEY);
    }
    assertFails(1, "no server answers at " + url, "drain", "--url", url, "--key", KEY);
  }

  @Test
  void a_certificate_that_is_not_trusted_and_a_wrong_scheme_are_said_in_words(@TempDir Path folder)
      throws Exception {
    var _ = SelfSigned.make(folder, List.of(), false);
    Config config =
        Config.defaults()
            .with("tcpServer.enabled", false)
            .with("httpServer.port", 0)
            .with("httpServer.secure", true)
            .with("httpServer.certFile", folder.resolve("cert.pem").toString())
            .with("httpServer.keyFile", folder.resolve("key.pem").toString())
            .with("admin.keys", List.of("night " + KEY));
    try (var server = EarshotServer.start(config)) {
      String host = "://127.0.0.1:" + server.httpPort();
      Run tls = Run.of("drain", "--url", "https" + host, "--key", KEY);
      assertThat(tls.err())
          .contains("no answer from https" + host, "name a host of its certificate");
      Run plain = Run.of("drain", "--url", "http" + host, "--key", KEY);
      assertThat(plain.err()).contains("no answer from http" + host).contains("(is it https?)");
    }
  }

  private static void assertFails(int status, String why, String... args) {
    Run run = Run.of(args);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines()).singleElement().asString().startsWith("earshot: " + why);
    assertThat(run.status()).isEqualTo(status);
  }
}
