package io.earshot.metrics;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Pair;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.protocol.Json;
import io.earshot.redis.RedisServer;
import io.earshot.spi.MetricsExporter.Format;
import io.earshot.testing.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real Prometheus scrapes a server of a cluster, and a server with TLS and history on disk, while
 * clients use them; then it is asked all that the dashboard and the alerts ask.
 */
final class PrometheusTest {
  private static final Path ROOT = Path.of(System.getProperty("earshot.root", ".."));
  private static final Path ALERTS = ROOT.resolve("deploy/prometheus/alerts.yaml");
  private static final String LABEL_IN_GRAFANA = "\\$instance";

  /** Queries that have no result in this test, and why. */
  private static final Map<String, String> WITHOUT_RESULT = Map.of();

  @TempDir static Path folder;

  private static final List<AutoCloseable> OPEN = new ArrayList<>();
  private static final List<EarshotServer> SERVERS = new ArrayList<>();
  private static Prometheus prometheus;

  @BeforeAll
  static void start() throws Exception {
    Prometheus.assumeInstalled();
    RedisServer redis = open(new RedisServer());
    Config plain =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("general.eventLoops", 1)
            .with("general.resumeWindow", "1m");
    start(plain.with("redis.url", redis.url()));
    start(Pair.SHARED.securing(plain).with("rooms.historyFolder", folder.resolve("history")));
    prometheus = open(new Prometheus(folder, settings()));
    talk(SERVERS.getFirst(), null); // the histograms begin with the first scrape
    prometheus.awaitScrapes(2, 1);
    talk(SERVERS.getFirst(), null);
    talk(SERVERS.getLast(), Pair.SHARED);
    prometheus.awaitScrapes(2, 3); // a rate needs two, and the histograms begin with a call
  }

  private static <T extends AutoCloseable> T open(T opened) {
    OPEN.addFirst(opened);
    return opened;
  }

  private static void start(Config config) throws IOException {
    EarshotServer server = open(EarshotServer.start(config));
    server.api().actions().add(Action.of("greet", call -> call.put("greeting", "hello")));
    server.api().hooks().onSay("*", say -> say.message());
    SERVERS.add(server);
    Await.until(
        "Redis is reached",
        () -> server.state().cluster() == null || server.state().cluster().isConnected());
  }

  private static String settings() {
    return """
        global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
        rule_files: ["%s"]
        scrape_configs:
          - job_name: earshot
            static_configs: [{targets: ["127.0.0.1:%d"]}]
          - job_name: earshot-tls
            scheme: https
            tls_config: {insecure_skip_verify: true}
            static_configs: [{targets: ["127.0.0.1:%d"]}]
            relabel_configs: [{target_label: job, replacement: earshot}]
        """
        .formatted(
            ALERTS.toAbsolutePath(), SERVERS.getFirst().httpPort(), SERVERS.getLast().httpPort());
  }

  private static void talk(EarshotServer server, Pair pair) {
    try (TcpClient ada = TcpClient.welcomed(server.tcpPort(), pair);
        WebSocketClient bea = WebSocketClient.welcomed(server.httpPort(), pair)) {
      for (int i = 0; i < 130; i++) {
        assertThat(ada.ask("say hi")).contains("\"OK\"");
      }
      ada.send("greet");
      bea.send("{\"event\":\"resume\",\"session\":\"none\"}");
      assertThat(bea.reply()).contains("no such session");
    }
  }

  @AfterAll
  static void stop() throws Exception {
    for (AutoCloseable each : OPEN) {
      each.close();
    }
    OPEN.clear();
    SERVERS.clear();
  }

  @Test
  void each_query_of_the_dashboard_has_a_result() throws Exception {
    var dashboard =
        (Json.Obj) Json.parse(Files.readString(ROOT.resolve("deploy/grafana/earshot.json")));
    var queries = new TreeSet<String>();
    collect(dashboard, queries);
    assertThat(queries).hasSizeGreaterThan(40);
    var empty = new TreeMap<String, String>();
    for (String query : queries) {
      String asked = query.replace("$__rate_interval", "1m").replaceAll(LABEL_IN_GRAFANA, ".*");
      if (prometheus.query(asked).isEmpty() && !WITHOUT_RESULT.containsKey(query)) {
        empty.put(query, asked);
      }
    }
    assertThat(empty).isEmpty();
  }

  private static void collect(Json json, TreeSet<String> queries) {
    switch (json) {
      case Json.Obj object ->
          object
              .fields()
              .forEach(
                  (name, value) -> {
                    if (name.equals("expr") && value instanceof Json.Text(String query)) {
                      queries.add(query.replaceFirst("^(changes.*) > 0$", "$1"));
                    }
                    collect(value, queries);
                  });
      case Json.Array list -> list.items().forEach(each -> collect(each, queries));
      default -> {}
    }
  }

  @Test
  void each_alert_is_evaluated_and_compares_a_value_that_is_there() {
    Await.until(
        "evaluations", () -> rules().stream().allMatch(rule -> text(rule, "health").equals("ok")));
    List<Json.Obj> rules = rules();
    assertThat(rules).hasSizeGreaterThan(20);
    for (Json.Obj rule : rules) {
      Matcher comparison =
          Pattern.compile("(?s)(.*) (?:==|>|<) [-+0-9.e *]+").matcher(text(rule, "query"));
      assertThat(comparison.matches()).as(text(rule, "query")).isTrue();
      assertThat(prometheus.query(comparison.group(1))).as(text(rule, "name")).isNotEmpty();
      assertThat(text(rule, "state")).as(text(rule, "name")).isNotEqualTo("firing");
    }
  }

  private static List<Json.Obj> rules() {
    var data = (Json.Obj) prometheus.get("/api/v1/rules").get("data");
    var rules = new ArrayList<Json.Obj>();
    for (Json group : ((Json.Array) data.get("groups")).items()) {
      ((Json.Array) ((Json.Obj) group).get("rules"))
          .items()
          .forEach(rule -> rules.add((Json.Obj) rule));
    }
    return rules;
  }

  private static String text(Json.Obj object, String name) {
    return ((Json.Text) object.get(name)).value();
  }

  @Test
  void each_alert_has_a_section_that_says_what_to_do() throws Exception {
    String page = Files.readString(ROOT.resolve("docs/alerts.md"));
    List<String> sections =
        page.lines()
            .filter(line -> line.startsWith("## Earshot"))
            .map(line -> line.substring(3))
            .toList();
    assertThat(sections).isEqualTo(rules().stream().map(rule -> text(rule, "name")).toList());
  }

  @Test
  void the_numbers_are_those_of_the_clients() {
    String here = "{instance=\"127.0.0.1:" + SERVERS.getFirst().httpPort() + "\"}";
    assertThat(value("earshot_messages_total" + here)).isGreaterThanOrEqualTo(260);
    assertThat(value("earshot_redis_connected" + here)).isEqualTo(1);
    assertThat(value("earshot_cluster_servers" + here)).isEqualTo(1);
    assertThat(value("earshot_redis_lease_left_seconds" + here)).isBetween(0.0, 10.0);
    assertThat(value("sum(earshot_actions_total{outcome=\"ok\"})")).isGreaterThanOrEqualTo(3);
    assertThat(value("sum(earshot_hooks_total{hook=\"say\",outcome=\"ok\"})"))
        .isGreaterThanOrEqualTo(390);
    assertThat(value("earshot_tls_certificate_expiry_timestamp_seconds{port=\"http\"} - time()"))
        .isBetween(0.0, (double) Duration.ofDays(365).toSeconds());
    assertThat(value("earshot_history_writable")).isEqualTo(1);
  }

  private static double value(String query) {
    List<Json> series = prometheus.query(query);
    assertThat(series).as(query).hasSize(1);
    var value = (Json.Array) ((Json.Obj) series.getFirst()).get("value");
    return Double.parseDouble(((Json.Text) value.items().get(1)).value());
  }

  @Test
  void promtool_finds_no_fault_in_the_rules_the_example_and_the_metrics() throws Exception {
    Prometheus.promtool("", "check", "rules", ALERTS.toString());
    Prometheus.promtool(
        "", "check", "config", ROOT.resolve("deploy/prometheus/prometheus.yml").toString());
    Prometheus.promtool(scrape(), "check", "metrics");
  }

  @Test
  void the_page_has_a_table_of_all_metrics() throws Exception {
    String page = Files.readString(ROOT.resolve("docs/metrics.md"));
    String rows =
        page.lines().filter(line -> line.startsWith("| `earshot_")).collect(joining("\n"));
    assertThat(rows).isEqualTo(table());
  }

  private static String scrape() {
    var client = new HttpClient(SERVERS.getFirst().httpPort(), false);
    try (client) {
      HttpClient.Response response = client.get("/metrics");
      assertThat(response.status()).isEqualTo(200);
      return response.body();
    }
  }

  /** The table for the page, of the metrics of both servers. */
  private static String table() {
    var rows = new TreeMap<String, String>();
    for (EarshotServer server : SERVERS) {
      try (var exporter = new ServerExporter(server)) {
        String text = new String(exporter.render(Format.PROMETHEUS), StandardCharsets.UTF_8);
        rows.putAll(rows(server == SERVERS.getFirst() ? scrape() : text));
      }
    }
    return rows.values().stream().collect(joining("\n"));
  }

  private static Map<String, String> rows(String text) {
    var types = new TreeMap<String, String>();
    var labels = new TreeMap<String, TreeSet<String>>();
    for (String line : text.lines().toList()) {
      Matcher type = Pattern.compile("# TYPE (\\S+) (\\S+)").matcher(line);
      Matcher sample = Pattern.compile("(\\w+?)(?:_bucket|_count|_sum)?\\{(.*)} .*").matcher(line);
      if (type.matches()) {
        types.put(type.group(1), type.group(2));
      } else if (sample.matches()) {
        for (Matcher label = Pattern.compile("(\\w+)=\"").matcher(sample.group(2));
            label.find(); ) {
          if (!label.group(1).equals("le")) {
            labels.computeIfAbsent(sample.group(1), _ -> new TreeSet<>()).add(label.group(1));
          }
        }
      }
    }
    var rows = new TreeMap<String, String>();
    Matcher help = Pattern.compile("# HELP (earshot_\\w+) (.*)").matcher(text);
    while (help.find()) {
      String name = help.group(1);
      if (!name.endsWith("_max")) {
        String named =
            labels.getOrDefault(name, new TreeSet<>()).stream()
                .map(label -> "`" + label + "`")
                .collect(joining(", "));
        rows.put(
            name,
            "| `" + name + "` | " + types.get(name) + " | " + named + " | " + help.group(2) + " |");
      }
    }
    return rows;
  }
}
