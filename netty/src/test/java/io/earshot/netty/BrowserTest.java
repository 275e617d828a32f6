package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job as people do it: a page in a browser, nc, and curl. */
final class BrowserTest {

  @Test
  void a_browser_an_nc_and_a_curl_with_cookies_meet_in_one_room(@TempDir Path folder)
      throws Exception {
    Optional<String> browser =
        NodeProgram.find("chromium", "chromium-browser", "google-chrome-stable", "google-chrome");
    assumeTrue(browser.isPresent(), "needs chromium");
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
                  browser.orElseThrow(),
                  folder.resolve("jar").toString()))
          .contains("all three heard each other");
    }
  }
}
