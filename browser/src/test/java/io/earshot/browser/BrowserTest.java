package io.earshot.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.NodeProgram;
import io.earshot.netty.testing.RestartableServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job as people do it: a page in a browser, nc, and curl. */
final class BrowserTest {
  private static final Path ROOT = Path.of(System.getProperty("earshot.root", ".."));

  static String browser() {
    Optional<String> browser =
        NodeProgram.find(
            "chromium-headless-shell", // opens a page with a fifth of the work
            "chromium",
            "chromium-browser",
            "google-chrome-stable",
            "google-chrome");
    assumeTrue(browser.isPresent(), "needs chromium");
    return browser.orElseThrow();
  }

  @Test
  void a_browser_an_nc_and_a_curl_with_cookies_meet_in_one_room(@TempDir Path folder)
      throws Exception {
    String browser = browser();
    assumeTrue(NodeProgram.find("nc").isPresent(), "needs nc");
    assumeTrue(NodeProgram.find("curl").isPresent(), "needs curl");
    NodeProgram program = NodeProgram.install("browser");
    Config config = Config.defaults().with("commonWeb.httpClientMessageTTL", "60s");
    try (EarshotServer server = Kind.EPOLL_LINES.start(config)) {
      assertThat(
              program.run(
                  "node",
                  "meet.js",
                  String.valueOf(server.tcpPort()),
                  String.valueOf(server.httpPort()),
                  browser,
                  folder.resolve("jar").toString()))
          .contains("all three heard each other");
    }
  }

  @Test
  void the_client_works_in_a_page_in_a_worker_and_with_react(@TempDir Path folder)
      throws Exception {
    String browser = browser();
    NodeProgram program = NodeProgram.install("browser");
    Files.writeString(folder.resolve("bare.html"), "<!DOCTYPE html><title>bare</title>");
    Files.copy(Path.of("src", "test", "browser", "worker.mjs"), folder.resolve("worker.mjs"));
    Config config = Config.defaults().with("httpServer.publicFolder", folder);
    String key = "app HS256 put-a-long-random-text-of-your-own-here";
    assertThat(Files.readString(ROOT.resolve("docs/comparison/earshot/earshot.yaml")))
        .isEqualTo("users:\n  required: true\ntokens:\n  keys:\n    - \"%s\"\n", key);
    Config people = config.with("users.required", true).with("tokens.keys", List.of(key));
    try (EarshotServer server = Kind.LEAN_FRAMES.start(config);
        EarshotServer users = Kind.LEAN_FRAMES.start(people)) {
      assertThat(
              program.run(
                  "node",
                  "client.js",
                  "http://127.0.0.1:" + server.httpPort() + "/public/",
                  browser,
                  ROOT.toRealPath().toString(),
                  "http://127.0.0.1:" + users.httpPort() + "/public/"))
          .contains("page, worker and React heard each other");
    }
  }

  /**
   * With {@code -Dearshot.screenshots=true} what the page looks like, and what it shows of a cut
   * and a recovery, goes into the documentation; otherwise the documentation has to be true.
   */
  @Test
  void the_page_chats_on_good_and_on_bad_networks() throws Exception {
    String browser = browser();
    assumeTrue(NodeProgram.find("nc").isPresent(), "needs nc");
    Path docs = ROOT.resolve("docs/screenshots").toAbsolutePath();
    boolean write = Boolean.getBoolean("earshot.screenshots");
    NodeProgram program = NodeProgram.install("browser");
    String key = "what-only-the-moderators-of-this-test-know";
    Config config =
        Config.defaults()
            .with("general.reconnectSpread", "100ms")
            .with("admin.keys", List.of("moderators " + key));
    try (var server = new RestartableServer(config)) {
      assertThat(
              program.run(
                  "node",
                  "--test-reporter=spec",
                  "page.test.js",
                  "tcp=" + server.tcpPort(),
                  "http=" + server.httpPort(),
                  "control=" + server.controlPort(),
                  "key=" + key,
                  "browser=" + browser,
                  "docs=" + docs,
                  "shots=" + (write ? docs : Path.of("target", "screenshots").toAbsolutePath()),
                  "write=" + (write ? "yes" : "")))
          .contains("fail 0", "skipped 0");
    }
  }
}
