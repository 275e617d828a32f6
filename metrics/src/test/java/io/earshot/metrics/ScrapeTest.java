package io.earshot.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.TcpClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code GET /metrics} over real sockets: who gets it, in which format, and what it costs others.
 */
final class ScrapeTest {
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
  private static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  private EarshotServer server = start();
  private final List<HttpClient> clients = new ArrayList<>();

  private static EarshotServer start(String... settings) {
    Config config =
        Config.defaults()
            .with("general.eventLoops", 1)
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0);
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    try {
      return EarshotServer.start(config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void restart(String... settings) {
    server.close();
    server = start(settings);
  }

  @AfterEach
  void stop() {
    clients.forEach(HttpClient::close);
    server.close();
  }

  private HttpClient curl(String from) {
    var client = new HttpClient(server.httpPort(), from);
    clients.add(client);
    return client;
  }

  private Response scrape(String... headers) {
    return curl("127.0.0.1").get("/metrics", headers);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          */*                                                                | text
          text/plain;version=0.0.4;q=0.5                                     | text
          application/openmetrics-text;version=1.0.0,text/plain;q=0.5        | open
          APPLICATION/OPENMETRICS-TEXT                                       | open
          application/vnd.google.protobuf;proto=io.prometheus.client.Metrics | text
          image/png                                                          | text
          ;;;=,,, q=-1 "                                                     | text
          """)
  void the_format_is_that_of_prometheus_unless_the_other_is_named(String accept, String format) {
    Response response = scrape("Accept: " + accept);
    boolean isOpen = format.equals("open");
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.header("content-type")).containsExactly(isOpen ? OPEN_METRICS : PROMETHEUS);
    assertThat(response.header("cache-control")).containsExactly("no-store");
    assertThat(response.header("set-cookie")).isEmpty();
    assertThat(response.body()).contains("\nearshot_rooms 0.0\n");
    assertThat(response.body().endsWith("# EOF\n")).isEqualTo(isOpen);
  }

  @Test
  void head_has_the_length_of_the_text_and_other_methods_are_refused() {
    HttpClient curl = curl("127.0.0.1");
    curl.sendRequest("HEAD", "/metrics", "");
    curl.sendRequest("POST", "/metrics", "x");
    // A head of another method would take the next head for its body.
    var head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      head.append((char) curl.read());
    }
    assertThat(head).startsWith("HTTP/1.1 200 ").containsPattern("content-length: \\d{4,}");
    Response refused = curl.response();
    assertThat(refused.status()).isEqualTo(405);
    assertThat(refused.header("allow")).containsExactly("GET, HEAD");
  }

  @Test
  void an_address_that_no_setting_lists_is_refused_with_the_name_of_the_setting() {
    restart("metrics.networks=127.0.0.1, 10.0.0.0/8");
    assertThat(curl("127.0.0.1").get("/metrics").status()).isEqualTo(200);
    Response refused = curl("127.0.0.2").get("/metrics");
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.body()).contains("metrics.networks", "127.0.0.2").doesNotContain("earshot_");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-For: 127.0.0.1, ::1",
        "Forwarded: for=127.0.0.1",
        "X-Real-IP: 10.0.0.9",
        "X-Forwarded-For: 10.0.0.9",
        "Via: 1.1 proxy"
      })
  void a_request_through_a_proxy_is_none_of_this_machine(String header) {
    restart("metrics.networks=127.0.0.0/8, ::1, 10.0.0.0/8");
    Response refused = scrape(header);
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.body()).contains("through a proxy");
  }

  @Test
  void behind_a_trusted_proxy_the_address_counts_that_the_proxy_sends() {
    restart("metrics.networks=127.0.0.0/8, 10.0.0.0/8", "httpServer.trustedProxies=127.0.0.1");
    assertThat(scrape("X-Forwarded-For: 10.0.0.9").status()).isEqualTo(200);
    assertThat(scrape("X-Forwarded-For: 192.0.2.1").status()).isEqualTo(403);
    assertThat(scrape("X-Forwarded-For: 10.0.0.9, 192.0.2.1").status()).isEqualTo(403);
    assertThat(scrape("X-Forwarded-For: 127.0.0.1").status()).isEqualTo(403);
    assertThat(scrape("X-Forwarded-For: unknown").status()).isEqualTo(403);
    assertThat(scrape().status()).as("a program beside the proxy").isEqualTo(200);
  }

  @Test
  void http_1_0_counts_as_a_proxy_that_hides_itself() {
    HttpClient curl = curl("127.0.0.1");
    curl.text("GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assertThat(curl.response().status()).isEqualTo(403);
  }

  @Test
  void pages_of_other_origins_are_refused_whatever_the_settings_allow_them() {
    restart("httpServer.corsOrigins=*");
    assertThat(scrape("Origin: https://evil.example").status()).isEqualTo(403);
    assertThat(scrape("Host: evil.example").status()).isIn(400, 403);
  }

  @Test
  void scrapes_need_no_login_and_count_for_no_limit_of_clients() {
    restart(
        "limits.exemptAddresses=",
        "limits.requestsPerSecond=1",
        "users.required=true",
        "tokens.keys=k1 HS256 0123456789abcdef0123456789abcdef");
    HttpClient curl = curl("127.0.0.1");
    for (int i = 0; i < 50; i++) {
      assertThat(curl.get("/metrics", "Authorization: Bearer nonsense").status()).isEqualTo(200);
    }
    assertThat(curl.get("/status", "Authorization: Bearer nonsense").status()).isEqualTo(401);
  }

  @Test
  void many_scrapes_at_once_are_answered_and_so_is_a_client_meanwhile() {
    assertThat(scrape().status()).isEqualTo(200);
    List<HttpClient> scrapers = IntStream.range(0, 50).mapToObj(_ -> curl("127.0.0.1")).toList();
    try (TcpClient ada = TcpClient.welcomed(server.tcpPort())) {
      for (int round = 0; round < 20; round++) {
        scrapers.forEach(each -> each.sendRequest("GET", "/metrics", ""));
        assertThat(ada.ask("say hi")).contains("\"OK\"");
        scrapers.forEach(each -> assertThat(each.response().status()).isEqualTo(200));
      }
    }
  }

  @Test
  void with_a_port_for_operators_the_metrics_answer_there_under_the_same_rule() {
    restart("management.enabled=true", "management.port=0", "metrics.networks=127.0.0.1");
    assertThat(scrape().body()).doesNotContain("earshot_rooms");
    try (var here = new HttpClient(server.managementPort(), "127.0.0.1");
        var there = new HttpClient(server.managementPort(), "127.0.0.2")) {
      assertThat(here.get("/metrics").body()).contains("earshot_rooms");
      assertThat(there.get("/metrics").status()).isEqualTo(403);
    }
  }

  @Test
  void without_the_setting_the_path_is_an_action_like_any_other() {
    restart("metrics.enabled=false");
    server.api().actions().add(Action.of("metrics", call -> call.put("own", "yes")));
    assertThat(curl("127.0.0.1").get("/metrics").body()).contains("\"own\":\"yes\"");
  }

  @Test
  void a_server_that_stops_leaves_no_scrape_without_an_end() {
    HttpClient curl = curl("127.0.0.1");
    assertThat(curl.get("/metrics").status()).isEqualTo(200);
    server.close();
    assertThat(curl.read()).isEqualTo(-1);
  }
}
