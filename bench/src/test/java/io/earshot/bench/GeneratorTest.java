package io.earshot.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class GeneratorTest {
  private static final Map<Transport, Script> SCRIPTS = scripts();
  private static final int HEARERS = 9;

  private final EarshotServer server = server();

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void over_websocket_every_delivery_is_counted_once() throws Exception {
    assertAllHeard(run(Transport.WEBSOCKET, new Talk(128, 5, 0, 0.1, 0.4)));
  }

  @Test
  void over_tcp_every_delivery_is_counted_once() throws Exception {
    assertAllHeard(run(Transport.TCP, new Talk(128, 5, 0, 0.1, 0.4)));
  }

  @Test
  void at_a_fixed_rate_every_delivery_is_counted_once() throws Exception {
    assertAllHeard(run(Transport.WEBSOCKET, new Talk(Markers.LENGTH, 0, 500, 0.1, 0.4)));
  }

  @Test
  void frames_whose_length_takes_eight_bytes_are_sent_and_understood() throws Exception {
    assertAllHeard(run(Transport.WEBSOCKET, new Talk(66_000, 0, 20, 0.05, 0.1)));
  }

  @Test
  void it_is_gauged_before_and_after_what_counts() throws Exception {
    var readings = new AtomicInteger();
    Gauge gauge = () -> new Gauge.Reading(1000.0 * readings.incrementAndGet(), 0, 0, 1);
    Figures figures = run(Transport.TCP, new Talk(64, 0, 200, 0, 0.2), gauge);
    assertThat(readings).hasValue(2);
    assertThat(figures.value(Figure.LOST)).isZero();
  }

  @Test
  void clients_may_listen_to_rooms_of_their_own() throws Exception {
    try (var generator =
        new Generator(script(Transport.WEBSOCKET), server.httpPort(), new Crowd(3, 1, 1, 20), 64)) {
      generator.join();
      assertThat(server.api().connections()).hasSize(3);
      Figures figures = generator.talk(new Talk(64, 1, 0, 0, 0.1), Gauge.NONE);
      assertThat(figures.value(Figure.LOST)).isZero();
    }
  }

  @Test
  void idle_clients_are_held() throws Exception {
    var resident = new AtomicInteger(1000);
    Gauge gauge = () -> new Gauge.Reading(0, 0, 0, resident.getAndAdd(500));
    try (var generator =
        new Generator(script(Transport.WEBSOCKET), server.httpPort(), new Crowd(10, 2, 0), 18)) {
      Figures figures = generator.hold(0.05, gauge);
      assertThat(figures.value(Figure.PER_CONNECTION)).isEqualTo(50);
      assertThat(figures.value(Figure.DISCONNECTED)).isZero();
    }
  }

  @Test
  void who_is_refused_says_so() throws Exception {
    var lines = new Script(Wire.LINES, "no HTTP", "ready", "");
    try (var generator = new Generator(lines, server.httpPort(), new Crowd(1, 1, 0), 18)) {
      assertThatThrownBy(generator::join)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("0 of 1 clients joined; the first: the server closed it");
    }
  }

  private static void assertAllHeard(Figures figures) {
    assertThat(figures.value(Figure.LOST)).isZero();
    assertThat(figures.value(Figure.DISCONNECTED)).isZero();
    assertThat(figures.value(Figure.STALLS)).isZero();
    assertThat(figures.value(Figure.EXPECTED)).isPositive();
    assertThat(figures.value(Figure.EXPECTED) % HEARERS).isZero();
  }

  private Figures run(Transport transport, Talk talk) throws IOException {
    return run(transport, talk, Gauge.NONE);
  }

  private Figures run(Transport transport, Talk talk, Gauge gauge) throws IOException {
    int port = transport == Transport.TCP ? server.tcpPort() : server.httpPort();
    var crowd = new Crowd(2 * (HEARERS + 1), 2, 3);
    try (var generator = new Generator(script(transport), port, crowd, talk.size())) {
      generator.join();
      generator.settle(1);
      return generator.talk(talk, gauge);
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

  private static EarshotServer server() {
    try {
      return EarshotServer.start(
          Config.defaults()
              .with("tcpServer.port", 0)
              .with("httpServer.port", 0)
              .with("tcpServer.bindIP", "127.0.0.1")
              .with("httpServer.bindIP", "127.0.0.1")
              .with("webSockets.maxMessageLength", 1 << 18));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
