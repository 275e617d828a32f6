package io.earshot.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.bench.metric.Gauge;
import io.earshot.bench.metric.Measurements;
import io.earshot.bench.metric.Metric;
import io.earshot.bench.peer.Peer;
import io.earshot.bench.tls.HandshakeGenerator;
import io.earshot.bench.work.Connects;
import io.earshot.bench.work.Handshakes;
import io.earshot.bench.work.Population;
import io.earshot.bench.work.Traffic;
import io.earshot.bench.work.Transport;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class GeneratorTest {
  private static final Map<Transport, Script> SCRIPTS = scripts();
  private static final int RECEIVERS = 9;

  private final EarshotServer server = server();

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void over_websocket_every_delivery_is_counted_once() throws Exception {
    assertAllDelivered(run(Transport.WEBSOCKET, new Traffic(128, 5, 0, 0.1, 0.4)));
  }

  @Test
  void over_tcp_every_delivery_is_counted_once() throws Exception {
    assertAllDelivered(run(Transport.TCP, new Traffic(128, 5, 0, 0.1, 0.4)));
  }

  @Test
  void over_tls_every_delivery_is_counted_once() throws Exception {
    try (var secure = secureServer()) {
      var traffic = new Traffic(128, 5, 0, 0.1, 0.4);
      assertAllDelivered(run(Transport.WSS, secure.httpPort(), traffic, Gauge.NONE));
    }
  }

  @Test
  void reads_may_divide_tls_records_anywhere() throws Exception {
    try (var secure = secureServer();
        var proxy = new DividingProxy(secure.httpPort())) {
      var traffic = new Traffic(128, 0, 50, 0.1, 0.2);
      assertAllDelivered(run(Transport.WSS, proxy.port(), traffic, Gauge.NONE));
    }
  }

  @Test
  void clients_that_connect_and_join_are_measured_cold_and_warm() throws Exception {
    var work = new Population(20, 2, 0);
    var arrivals =
        new Arrivals(script(Transport.WEBSOCKET), Transport.WEBSOCKET, server.httpPort(), work);
    var micros = new AtomicInteger();
    Gauge gauge = () -> new Gauge.Reading(micros.addAndGet(1000), micros.get(), 0, 1);
    Measurements measurements = arrivals.measure(new Connects(2), gauge);
    assertThat(measurements.value(Metric.CONNECTED_COLD)).isPositive();
    assertThat(measurements.value(Metric.CONNECTED)).isPositive();
    assertThat(measurements.value(Metric.CONNECT_CPU_COLD)).isEqualTo(50);
    assertThat(measurements.value(Metric.CONNECT_CPU)).isEqualTo(50);
    assertThat(measurements.value(Metric.DISCONNECTED)).isZero();
  }

  @Test
  void full_and_resumed_handshakes_are_made_as_wanted() throws Exception {
    try (var secure = secureServer()) {
      assertThat(resumed(false, secure.httpPort())).isZero();
      assertThat(resumed(true, secure.httpPort())).isEqualTo(100);
    }
  }

  private static double resumed(boolean wanted, int port) throws IOException {
    try (var handshakes = new HandshakeGenerator(new Handshakes(wanted, 0.05, 0.05), port, 1)) {
      Measurements measurements = handshakes.run(Gauge.NONE);
      assertThat(measurements.value(Metric.CONNECTED)).isPositive();
      assertThat(measurements.value(Metric.DISCONNECTED)).isZero();
      return measurements.value(Metric.RESUMED);
    }
  }

  @Test
  void at_a_fixed_rate_every_delivery_is_counted_once() throws Exception {
    assertAllDelivered(run(Transport.WEBSOCKET, new Traffic(Markers.LENGTH, 0, 500, 0.1, 0.4)));
  }

  @Test
  void frames_with_a_length_of_eight_bytes_are_sent_and_read() throws Exception {
    assertAllDelivered(run(Transport.WEBSOCKET, new Traffic(66_000, 0, 20, 0.05, 0.1)));
  }

  @Test
  void the_gauge_is_read_when_measuring_begins_and_ends() throws Exception {
    var readings = new AtomicInteger();
    Gauge gauge = () -> new Gauge.Reading(1000.0 * readings.incrementAndGet(), 0, 0, 1);
    Measurements measurements = run(Transport.TCP, new Traffic(64, 0, 200, 0, 0.2), gauge);
    assertThat(readings).hasValue(2);
    assertThat(measurements.value(Metric.LOST)).isZero();
  }

  @Test
  void clients_can_listen_to_additional_rooms() throws Exception {
    try (var generator =
        new Generator(
            script(Transport.WEBSOCKET),
            Transport.WEBSOCKET,
            server.httpPort(),
            new Population(3, 1, 1, 20),
            64)) {
      generator.join();
      assertThat(server.api().connections()).hasSize(3);
      Measurements measurements = generator.run(new Traffic(64, 1, 0, 0, 0.1), Gauge.NONE);
      assertThat(measurements.value(Metric.LOST)).isZero();
    }
  }

  @Test
  void the_memory_of_idle_clients_is_measured() throws Exception {
    var resident = new AtomicInteger(1000);
    Gauge gauge = () -> new Gauge.Reading(0, 0, 0, resident.getAndAdd(500));
    try (var generator =
        new Generator(
            script(Transport.WEBSOCKET),
            Transport.WEBSOCKET,
            server.httpPort(),
            new Population(10, 2, 0),
            18)) {
      Measurements measurements = generator.hold(0.05, gauge);
      assertThat(measurements.value(Metric.PER_CONNECTION)).isEqualTo(50);
      assertThat(measurements.value(Metric.DISCONNECTED)).isZero();
    }
  }

  @Test
  void a_refused_client_is_reported_with_the_reason() throws Exception {
    var lines = new Script(Wire.LINES, "no HTTP", "ready", "");
    try (var generator =
        new Generator(lines, Transport.TCP, server.httpPort(), new Population(1, 1, 0), 18)) {
      assertThatThrownBy(generator::join)
          .isInstanceOf(IOException.class)
          .hasMessageContaining(
              "0 of 1 clients joined; the first: the server closed the connection");
    }
  }

  private static void assertAllDelivered(Measurements measurements) {
    assertThat(measurements.value(Metric.LOST)).isZero();
    assertThat(measurements.value(Metric.DISCONNECTED)).isZero();
    assertThat(measurements.value(Metric.STALLS)).isZero();
    assertThat(measurements.value(Metric.EXPECTED)).isPositive();
    assertThat(measurements.value(Metric.EXPECTED) % RECEIVERS).isZero();
  }

  private Measurements run(Transport transport, Traffic traffic) throws IOException {
    return run(transport, traffic, Gauge.NONE);
  }

  private Measurements run(Transport transport, Traffic traffic, Gauge gauge) throws IOException {
    int port = transport == Transport.TCP ? server.tcpPort() : server.httpPort();
    return run(transport, port, traffic, gauge);
  }

  private static Measurements run(Transport transport, int port, Traffic traffic, Gauge gauge)
      throws IOException {
    var population = new Population(2 * (RECEIVERS + 1), 2, 3);
    try (var generator =
        new Generator(script(transport), transport, port, population, traffic.size())) {
      generator.join();
      generator.settle(1);
      return generator.run(traffic, gauge);
    }
  }

  private static Script script(Transport transport) {
    Script script = SCRIPTS.get(transport);
    assertThat(script).isNotNull();
    return script;
  }

  private static Map<Transport, Script> scripts() {
    return Peer.all().stream()
        .filter(peer -> peer.name().equals("earshot"))
        .findFirst()
        .orElseThrow()
        .scripts();
  }

  private static EarshotServer secureServer() throws IOException {
    return EarshotServer.start(
        config()
            .with("httpServer.secure", true)
            .with("httpServer.certFile", Pair.SHARED.cert().toString())
            .with("httpServer.keyFile", Pair.SHARED.key().toString()));
  }

  private static Config config() {
    return Config.defaults()
        .with("tcpServer.port", 0)
        .with("httpServer.port", 0)
        .with("tcpServer.bindIP", "127.0.0.1")
        .with("httpServer.bindIP", "127.0.0.1")
        .with("webSockets.maxMessageLength", 1 << 18);
  }

  private static EarshotServer server() {
    try {
      return EarshotServer.start(config());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
