package io.earshot.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.metrics.v1.Metric;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Metrics that a server sends by OTLP, to a receiver that speaks HTTP. */
final class OtlpTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private static EarshotServer start(int port) throws IOException {
    return EarshotServer.start(
        Config.defaults()
            .with("general.id", "chat-1")
            .with("general.eventLoops", 1)
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("metrics.enabled", false)
            .with("metrics.otlpUrl", "http://127.0.0.1:" + port + "/v1/metrics")
            .with("metrics.otlpEvery", "1s")
            .with("metrics.otlpHeaders", "Authorization Bearer abc, X-Scope-OrgID 7"));
  }

  private record Received(String authorization, String tenant, ExportMetricsServiceRequest body) {}

  @Test
  void metrics_are_sent_with_the_headers_and_the_name_of_the_server() throws Exception {
    BlockingQueue<Received> received = new LinkedBlockingQueue<>();
    HttpServer collector = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      collector.setExecutor(threads);
      collector.createContext(
          "/v1/metrics",
          exchange -> {
            var headers = exchange.getRequestHeaders();
            received.add(
                new Received(
                    headers.getFirst("Authorization"),
                    headers.getFirst("X-Scope-OrgID"),
                    ExportMetricsServiceRequest.parseFrom(exchange.getRequestBody())));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
          });
      collector.start();
      try (EarshotServer _ = start(collector.getAddress().getPort())) {
        Received first = received.poll(20, TimeUnit.SECONDS);
        assertThat(first).isNotNull();
        assertThat(first.authorization).isEqualTo("Bearer abc");
        assertThat(first.tenant).isEqualTo("7");
        var metrics = first.body.getResourceMetrics(0);
        assertThat(
                metrics.getScopeMetricsList().stream()
                    .flatMap(scope -> scope.getMetricsList().stream())
                    .map(Metric::getName)
                    .collect(Collectors.toSet()))
            .contains("earshot.connections", "earshot.say.to.deliver", "jvm.memory.used");
        assertThat(
                metrics.getResource().getAttributesList().stream()
                    .map(each -> each.getKey() + "=" + each.getValue().getStringValue()))
            .contains("service.name=earshot", "service.instance.id=chat-1");
      }
      collector.stop(0);
    }
  }

  @Test
  void a_collector_that_does_not_answer_delays_no_stop_for_long() throws Exception {
    try (var silent = new ServerSocket(0, 50, LOOPBACK)) {
      EarshotServer server = start(silent.getLocalPort());
      try (var connection = silent.accept()) { // the server has begun to send
        assertThat(connection.isConnected()).isTrue();
        long began = System.nanoTime();
        server.close();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(9));
      }
    }
  }

  @Test
  void wrong_settings_are_refused_by_name_and_without_their_secrets() {
    assertThatThrownBy(() -> Config.defaults().with("metrics.otlpUrl", "localhost:4318"))
        .hasMessageContaining("metrics.otlpUrl");
    assertThatThrownBy(() -> Config.defaults().with("metrics.otlpEvery", "10ms"))
        .hasMessageContaining("metrics.otlpEvery");
    assertThatThrownBy(() -> Config.defaults().with("metrics.otlpHeaders", "a: secret\r\nb: c"))
        .hasMessageContaining("metrics.otlpHeaders")
        .hasMessageNotContaining("secret");
    Config config = Config.defaults().with("metrics.otlpHeaders", "Authorization Bearer abc");
    assertThat(config.toString()).doesNotContain("abc");
  }
}
