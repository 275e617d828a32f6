package io.earshot.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.RefusedException;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The metrics in the registry of a program that embeds a server. */
final class EarshotMetricsTest {
  private final EarshotServer server = start();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final EarshotMetrics metrics = new EarshotMetrics(server);

  private static EarshotServer start() {
    try {
      return EarshotServer.start(
          Config.defaults()
              .with("general.eventLoops", 1)
              .with("tcpServer.port", 0)
              .with("httpServer.port", 0)
              .with("rooms.announceAfter", "0s")
              .with("general.resumeWindow", "1m")
              .with("general.actionTimeout", "3s")
              .with("hooks.timeout", "3s"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  EarshotMetricsTest() {
    metrics.bindTo(registry);
  }

  @AfterEach
  void stop() {
    metrics.close();
    server.close();
  }

  private double value(String name, String... tags) {
    Meter meter = registry.get(name).tags(tags).meter();
    return switch (meter) {
      case Gauge gauge -> gauge.value();
      case FunctionCounter counter -> counter.count();
      case Timer timer -> timer.count();
      default -> throw new AssertionError(meter);
    };
  }

  private void awaitValue(double expected, String name, String... tags) {
    Await.until(name + List.of(tags) + " = " + expected, () -> value(name, tags) == expected);
  }

  @Test
  void closing_removes_all_that_was_added_and_nothing_else() {
    registry.counter("earshot.mine").increment();
    assertThat(registry.getMeters()).hasSizeGreaterThan(100);
    metrics.close();
    metrics.close();
    assertThat(registry.getMeters())
        .extracting(each -> each.getId().getName())
        .containsExactly("earshot.mine");
    try (TcpClient ada = TcpClient.welcomed(server.tcpPort())) {
      assertThat(ada.ask("status")).contains("uptimeSeconds"); // which no timer hears of
    }
    assertThat(registry.getMeters()).hasSize(1);
  }

  @Test
  void connections_are_counted_by_transport_and_by_the_reason_of_their_end() {
    TcpClient quitting = TcpClient.welcomed(server.tcpPort());
    TcpClient lost = TcpClient.welcomed(server.tcpPort());
    WebSocketClient closing = WebSocketClient.welcomed(server.httpPort());
    WebSocketClient wrong = WebSocketClient.welcomed(server.httpPort());
    TcpClient kicked = TcpClient.welcomed(server.tcpPort());
    assertThat(value("earshot.connections", "transport", "tcp")).isEqualTo(3);
    assertThat(value("earshot.connections", "transport", "websocket")).isEqualTo(2);
    server.api().moderation().kick(kicked.id(), "see you");
    awaitValue(1, "earshot.connections.closed", "reason", "kicked");
    quitting.send("quit");
    awaitValue(1, "earshot.connections.closed", "reason", "client");
    closing.frame(WebSocketClient.CLOSE, (byte) 3, (byte) 0xE8);
    awaitValue(2, "earshot.connections.closed", "reason", "client");
    wrong.frame(0xF1); // reserved bits
    awaitValue(1, "earshot.connections.closed", "reason", "protocol");
    lost.reset();
    awaitValue(1, "earshot.connections.closed", "reason", "lost");
    assertThat(value("earshot.connections", "transport", "tcp")).isZero();
    assertThat(value("earshot.connections", "transport", "websocket")).isZero();
    assertThat(value("earshot.connections.opened", "transport", "tcp")).isEqualTo(3);
    List.of(quitting, lost, kicked).forEach(TcpClient::close);
    closing.close();
    wrong.close();
  }

  @Test
  void resumed_sessions_are_counted_by_outcome() {
    try (TcpClient ada = TcpClient.welcomed(server.tcpPort());
        TcpClient bea = TcpClient.welcomed(server.tcpPort())) {
      assertThat(ada.ask("resume nothing")).contains("no such session");
      assertThat(value("earshot.resumes", "outcome", "refused", "session", "here")).isEqualTo(1);
      assertThat(bea.ask("say hi")).contains("\"OK\"");
    }
  }

  @Test
  void actions_and_hooks_are_timed_and_counted_by_outcome() throws Exception {
    var never = new CountDownLatch(1);
    server.api().actions().add(Action.of("fine", call -> call.put("a", "b")));
    server
        .api()
        .actions()
        .add(
            Action.of(
                "refuses",
                _ -> {
                  throw new RefusedException("no");
                }));
    server
        .api()
        .actions()
        .add(
            Action.of(
                "breaks",
                _ -> {
                  throw new IllegalStateException("planted");
                }));
    server.api().actions().add(Action.of("hangs", _ -> never.await()));
    server
        .api()
        .hooks()
        .onSay(
            "*",
            say -> {
              switch (say.message().toString().replaceAll(".*=|]", "")) {
                case "no" -> throw new RefusedException("no");
                case "break" -> throw new IllegalStateException("planted");
                case "hang" -> never.await();
                default -> {}
              }
              return say.message();
            });
    try (TcpClient ada = TcpClient.welcomed(server.tcpPort())) {
      for (String request :
          List.of("fine", "refuses", "breaks", "unknown", "say hi", "say no", "say break")) {
        assertThat(ada.ask(request)).isNotEmpty();
      }
      ada.send("hangs");
      ada.send("say hang");
      assertThat(ada.reply() + ada.reply()).contains("took too long");
    }
    for (String outcome : List.of("ok", "error", "timeout")) {
      assertThat(value("earshot.actions", "outcome", outcome)).as(outcome).isEqualTo(1);
    }
    assertThat(value("earshot.actions", "outcome", "refused")).isEqualTo(2);
    assertThat(value("earshot.action.duration", "action", "fine", "outcome", "ok")).isEqualTo(1);
    Timer hung =
        registry
            .get("earshot.action.duration")
            .tags("action", "hangs", "outcome", "timeout")
            .timer();
    assertThat(hung.totalTime(TimeUnit.MILLISECONDS)).isGreaterThanOrEqualTo(2_900);
    for (String outcome : List.of("ok", "refused", "error", "timeout")) {
      assertThat(value("earshot.hooks", "hook", "say", "outcome", outcome)).isEqualTo(1);
      assertThat(value("earshot.hook.duration", "hook", "say", "outcome", outcome)).isEqualTo(1);
    }
  }

  @Test
  void the_names_of_actions_have_a_bound() {
    for (int i = 0; i < 60; i++) {
      server.api().actions().add(Action.of("action" + i, call -> call.put("a", "b")));
    }
    try (TcpClient ada = TcpClient.welcomed(server.tcpPort())) {
      for (int i = 0; i < 60; i++) {
        assertThat(ada.ask("action" + i)).contains("\"a\":\"b\"");
      }
    }
    List<String> names =
        registry.find("earshot.action.duration").timers().stream()
            .map(timer -> timer.getId().getTag("action"))
            .toList();
    assertThat(names).hasSize(DurationMeters.MOST_ACTIONS + 1).contains("other");
    assertThat(value("earshot.action.duration", "action", "other", "outcome", "ok")).isEqualTo(10);
  }

  @Test
  void says_are_timed_and_a_second_registry_hears_of_them_too() {
    var second = new SimpleMeterRegistry();
    metrics.bindTo(second);
    try (TcpClient ada = TcpClient.welcomed(server.tcpPort());
        TcpClient bea = TcpClient.welcomed(server.tcpPort())) {
      assertThat(bea.ask("say hi")).contains("\"OK\"");
      for (int i = 0; i < 64; i++) {
        assertThat(ada.ask("say hi")).contains("\"OK\"");
      }
    }
    Await.until("a timed say", () -> second.get("earshot.say.to.deliver").timer().count() > 0);
    assertThat(value("earshot.say.to.deliver")).isPositive();
    assertThat(second.get("earshot.say.to.deliver").timer().max(TimeUnit.SECONDS))
        .isBetween(1e-7, 60.0);
  }

  @Test
  void names_have_a_unit_a_meaning_and_no_label_without_a_bound() {
    // The registry of this test has a gauge for each bucket, without a meaning of its own.
    List<Meter> own =
        registry.getMeters().stream()
            .filter(meter -> !meter.getId().getName().endsWith(".histogram"))
            .toList();
    assertThat(own)
        .allSatisfy(
            meter -> {
              Meter.Id id = meter.getId();
              assertThat(id.getName())
                  .startsWith("earshot.")
                  .isEqualTo(id.getName().toLowerCase(Locale.ROOT));
              assertThat(id.getDescription()).endsWith(".").doesNotContain("\n");
            });
    assertThat(
            own.stream()
                .flatMap(meter -> meter.getId().getTags().stream())
                .map(tag -> tag.getKey())
                .collect(Collectors.toSet()))
        .containsExactlyInAnyOrder(
            "transport", "reason", "kind", "outcome", "session", "hook", "loop", "version");
  }
}
