package io.earshot.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The levels of the log in the admin API. */
class LogLevelsTest {
  private static final String KEY = "k".repeat(40);

  @Test
  void a_level_is_changed_for_a_while() throws Exception {
    Config config =
        Config.defaults()
            .with("tcpServer.enabled", false)
            .with("httpServer.port", 0)
            .with("admin.keys", List.of("night " + KEY));
    try (var server = EarshotServer.start(config);
        var http = HttpClient.newHttpClient()) {
      String before = ask(http, server, "GET", "/admin/log", "");
      assertThat(before).isEqualTo("{\"levels\":{\"ROOT\":\"WARN\",\"io.earshot\":\"INFO\"}}");
      assertThat(change(http, server, "{\"level\":\"DEBUG\",\"seconds\":1000}"))
          .isEqualTo("{\"logger\":\"io.earshot.attic\",\"level\":\"DEBUG\",\"seconds\":1000}");
      assertThat(System.getLogger("io.earshot.attic.X").isLoggable(System.Logger.Level.DEBUG))
          .isTrue();
      assertThat(change(http, server, "{\"level\":\"ERROR\",\"seconds\":1}")).contains("ERROR");
      Await.until(
          "the level that the logger had at first",
          () -> ask(http, server, "GET", "/admin/log", "").equals(before));
      assertThat(change(http, server, "{\"level\":\"LOUD\"}")).contains("TRACE, DEBUG, INFO");
      assertThat(change(http, server, "{\"level\":\"INFO\",\"seconds\":0}"))
          .contains("from 1 to 86400");
      assertThat(ask(http, server, "PUT", "/admin/log/a%20b", "{\"level\":\"INFO\"}"))
          .contains("the name of a logger");
    }
  }

  private static String change(HttpClient http, EarshotServer server, String body)
      throws IOException, InterruptedException {
    return ask(http, server, "PUT", "/admin/log/io.earshot.attic", body);
  }

  private static String ask(
      HttpClient http, EarshotServer server, String method, String path, String body)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + server.httpPort() + path))
            .header("authorization", "Bearer " + KEY)
            .header("content-type", "application/json")
            .method(method, BodyPublishers.ofString(body))
            .build();
    return http.send(request, BodyHandlers.ofString()).body();
  }
}
