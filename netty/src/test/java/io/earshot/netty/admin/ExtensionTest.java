package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.engine.Extensions.Metric;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.FakeExtension;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.testing.Await;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an extension adds to a server, and what a setting does without its extension. */
final class ExtensionTest {
  private static final String KEY = "k".repeat(40);

  private static final Config CONFIG =
      Config.defaults()
          .with("general.serverName", FakeExtension.NAME)
          .with("admin.keys", List.of("shop " + KEY));

  private static Response ask(EarshotServer server, String method, String path, String body) {
    try (var client = new HttpClient(server.httpPort(), false, "Authorization: Bearer " + KEY)) {
      client.sendRequest(method, path, body, "Content-Type: application/json");
      return client.response();
    }
  }

  @Test
  void adds_hooks_metrics_and_admin_paths_and_is_stopped_with_the_server() {
    int before = FakeExtension.RUNNING.get();
    try (EarshotServer server = Kind.LEAN_LINES.start(CONFIG)) {
      assertThat(FakeExtension.RUNNING).hasValue(before + 1);
      assertThat(server.extensions().metrics())
          .extracting(Metric::name)
          .containsExactly("earshot.fake.calls", "earshot.fake.waiting");
      assertThat(ask(server, "GET", "/admin/fakes?a=1", "").body()).isEqualTo("{\"a\":\"1\"}");
      assertThat(ask(server, "POST", "/admin/fakes/a%2Fb/retry", "{\"n\":1}").body())
          .contains("\"name\":\"a/b\"", "\"body\":{\"n\":1}");
      assertThat(ask(server, "POST", "/admin/fakes/missing/retry", "").status()).isEqualTo(404);
      assertThat(ask(server, "POST", "/admin/fakes/late/retry", "").status()).isEqualTo(404);
      assertThat(ask(server, "POST", "/admin/fakes/wrong/retry", "").body())
          .contains("\"status\":400", "count is a number");
      assertThat(ask(server, "POST", "/admin/fakes/busy/retry", "").status()).isEqualTo(409);
      assertThat(ask(server, "DELETE", "/admin/fakes", "").status()).isEqualTo(405);
      try (var client = new HttpClient(server.httpPort(), false)) {
        client.sendRequest("POST", "/rooms/attic/messages", "hey", "Content-Type: text/plain");
        assertThat(client.response().status()).isEqualTo(201);
        client.sendRequest("GET", "/rooms/attic/messages", "");
        assertThat(client.response().body()).contains("hey!");
      }
    }
    assertThat(FakeExtension.RUNNING).hasValue(before);
  }

  @Test
  void its_problems_are_among_those_of_the_overview() {
    try (EarshotServer server = Kind.LEAN_LINES.start(CONFIG)) {
      ask(server, "POST", "/admin/fakes/away/retry", "");
      Await.until(
          "the overview has the problem",
          () ->
              ask(server, "GET", "/admin/overview", "")
                  .body()
                  .contains("https://app.example.org/events: it cannot be reached (once)"));
    }
  }

  @Test
  void a_setting_without_its_extension_refuses_the_start_and_says_what_is_missing() {
    assertThatThrownBy(
            () ->
                EarshotServer.start(
                    Config.defaults()
                        .with("tcpServer.port", 0)
                        .with("httpServer.port", 0)
                        .with("webhooks.rules", List.of("all * https://app.example.org/events"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "webhooks.rules is set, and nothing here can use it: add earshot-backend to the class path");
  }

  @Test
  void an_extension_that_refuses_the_start_ends_the_server() {
    int before = FakeExtension.RUNNING.get();
    assertThatThrownBy(
            () ->
                EarshotServer.start(
                    CONFIG
                        .with("tcpServer.port", 0)
                        .with("httpServer.port", 0)
                        .with("hooks.http", List.of("say * https://app.example.org/say"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("hooks.http is not for this extension");
    assertThat(FakeExtension.RUNNING).hasValue(before);
  }
}
