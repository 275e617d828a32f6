package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What load balancers ask, the port for operators, and how a server is emptied. */
final class HealthTest {
  private static final String KEY = "k".repeat(40);

  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private <T extends AutoCloseable> T opened(T some) {
    open.push(some);
    return some;
  }

  @AfterEach
  void closeAll() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  private EarshotServer start(Object... settings) {
    Config config =
        Config.defaults()
            .with("limits.exemptAddresses", "")
            .with("general.reconnectSpread", "0s")
            .with("admin.keys", List.of("night " + KEY))
            .with("management.port", 0);
    for (int i = 0; i < settings.length; i += 2) {
      config = config.with((String) settings[i], settings[i + 1]);
    }
    return opened(Kind.LEAN_LINES.start(config));
  }

  private Response get(int port, String path, String... headers) {
    try (var client = new HttpClient(port, false)) {
      return client.get(path, headers);
    }
  }

  private Response ask(int port, String method, String path, String body) {
    try (var client = new HttpClient(port, false, "Authorization: Bearer " + KEY)) {
      client.sendRequest(method, path, body, "Content-Type: application/json");
      return client.response();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/livez", "/readyz"})
  void the_health_needs_no_identity_no_host_and_no_limit(String path) {
    EarshotServer server = start("limits.requestsPerSecond", 1);
    try (var client = new HttpClient(server.httpPort(), false)) {
      for (int i = 0; i < 50; i++) {
        Response response = client.get(path);
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.body())
            .isEqualTo(path.equals("/livez") ? "{\"live\":true}" : "{\"ready\":true}");
        assertThat(response.header("set-cookie")).isEmpty();
        assertThat(response.header("cache-control")).containsExactly("no-store");
      }
      assertThat(client.get("/status").status()).isEqualTo(200); // the limit has not been used
      client.sendRequest("POST", path, "");
      assertThat(client.response().status()).isEqualTo(405);
    }
    Response foreign = get(server.httpPort(), path, "Host: evil.example.org");
    assertThat(foreign.status()).isEqualTo(200);
  }

  @Test
  void the_log_warns_of_keys_that_cross_a_network_in_plain_text() throws Exception {
    try (var log = new Logged(EarshotServer.class)) {
      start("management.enabled", true, "httpServer.bindIP", "*");
      assertThat(log.lines()).noneMatch(line -> line.contains("keys can be read"));
      start("management.enabled", true, "management.bindIP", "*");
      assertThat(log.lines())
          .anyMatch(line -> line.contains("(management.bindIP): keys can be read"));
      start("httpServer.bindIP", "*");
      assertThat(log.lines())
          .anyMatch(line -> line.contains("(httpServer.bindIP): keys can be read"));
    }
  }

  @Test
  void operators_have_a_port_of_their_own_without_limits() {
    EarshotServer server =
        start(
            "management.enabled",
            true,
            "limits.connectionsPerAddress",
            2,
            "limits.requestsPerSecond",
            2);
    int port = server.managementPort();
    opened(WebSocketClient.welcomed(server.httpPort()));
    opened(TcpClient.welcomed(server.tcpPort()));
    for (int i = 0; i < 20; i++) {
      assertThat(get(port, "/readyz").status()).isEqualTo(200);
      assertThat(ask(port, "GET", "/admin/status", "").status()).isEqualTo(200);
    }
    Response other = get(port, "/");
    assertThat(other.status()).isEqualTo(404);
    assertThat(other.body()).contains("/livez, /readyz, /metrics, /console, /admin/");
    assertThat(get(port, "/rooms/attic").status()).isEqualTo(404);
    assertThat(
            get(
                    port,
                    "/ws",
                    WebSocketClient.handshake("/ws").lines().skip(2).toArray(String[]::new))
                .status())
        .isEqualTo(404);
  }

  @Test
  void with_a_port_for_operators_clients_find_no_admin_api_on_theirs() {
    EarshotServer server = start("management.enabled", true);
    assertThat(ask(server.httpPort(), "GET", "/admin/status", "").body())
        .contains("admin/status is not a known action");
    assertThat(get(server.httpPort(), "/readyz").status()).isEqualTo(200);
  }

  @Test
  void a_draining_server_is_not_ready_and_says_goodbye() {
    EarshotServer server = start("management.enabled", true, "general.drainDelay", "1s");
    int port = server.managementPort();
    var early = opened(TcpClient.welcomed(server.tcpPort()));
    assertThat(ask(port, "GET", "/admin/drain", "").body())
        .isEqualTo("{\"draining\":false,\"clients\":1}");
    assertThat(ask(port, "POST", "/admin/drain", "{\"seconds\":-1}").status()).isEqualTo(400);
    assertThat(ask(port, "POST", "/admin/drain", "{\"seconds\":3601}").body())
        .contains("at most 3600");
    assertThat(ask(port, "POST", "/admin/drain", "{\"secs\":1}").body())
        .contains("'secs' means nothing");
    assertThat(get(port, "/readyz").status()).isEqualTo(200);
    Response begun = ask(port, "POST", "/admin/drain", "{\"seconds\":1}");
    assertThat(begun.status()).isEqualTo(202);
    assertThat(begun.body())
        .isEqualTo("{\"draining\":true,\"clients\":1,\"delaySeconds\":1,\"seconds\":1}");
    Response ready = get(port, "/readyz");
    assertThat(ready.status()).isEqualTo(503);
    assertThat(ready.body()).contains("\"ready\":false", "draining");
    assertThat(get(port, "/livez").status()).isEqualTo(200);
    assertThat(early.rest()).anyMatch(line -> line.contains("reconnectAfter"));
    Await.until("the server is empty", () -> server.drained().isDone());
    assertThat(get(port, "/readyz").status()).isEqualTo(503);
    Await.until("the port of clients is closed", () -> isClosed(server.httpPort()));
  }

  private static boolean isClosed(int port) {
    try (var _ = new HttpClient(port, false)) {
      return false;
    } catch (RuntimeException e) {
      return true;
    }
  }
}
