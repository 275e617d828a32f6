package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.spi.Pace;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How much one client may send, by a clock that the test moves. */
final class RatesTest {
  private static final String TOO_MANY = "\"error\":\"Error: too many messages; try again in ";

  private static TestServer server(String... settings) {
    Config config = TestServer.quiet();
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    return new TestServer(1, config);
  }

  private static TestServer tenPerSecond() {
    return server("limits.messagesPerSecond=10", "limits.messageBurst=3");
  }

  private static long refused(TestServer server, String kind) {
    return EngineInside.refused(server.earshot).getOrDefault(kind, -1L);
  }

  @Test
  void a_burst_is_taken_and_what_is_beyond_it_refused_with_the_time_to_wait() {
    TestServer server = tenPerSecond();
    Guest guest = server.guest();
    Guest other = server.guest();
    for (int i = 1; i <= 3; i++) {
      assertThat(guest.ask("say " + i)).contains("\"status\":\"OK\"");
    }
    assertThat(guest.ask("{\"event\":\"say\",\"message\":\"4\",\"messageId\":\"m\"}"))
        .contains(TOO_MANY + "100 ms\"", "\"messageCount\":4", "\"messageId\":\"m\"")
        .doesNotContain("OK");
    assertThat(other.heard()).containsExactly("1", "2", "3");
    assertThat(refused(server, "messages")).isEqualTo(1);
    server.pass(Duration.ofMillis(60));
    assertThat(guest.ask("detailsView")).contains(TOO_MANY + "40 ms\"", "\"messageCount\":5");
    server.pass(Duration.ofMillis(40));
    assertThat(guest.ask("say 6")).contains("OK", "\"messageCount\":6");
    assertThat(guest.ask("say 7")).contains(TOO_MANY);
    assertThat(other.heard()).containsExactly("6");
  }

  @Test
  void whatever_the_verb_it_counts_and_so_does_nonsense() {
    TestServer server = tenPerSecond();
    Guest guest = server.guest();
    assertThat(guest.ask("roomView")).contains("OK");
    assertThat(guest.ask("{\"event\":\"nonsense\"}")).contains("not a known event");
    assertThat(guest.ask("randomNumbers")).contains("not a known action");
    for (String line : new String[] {"roomView", "{}", "status", "roomChange attic"}) {
      assertThat(guest.ask(line)).contains(TOO_MANY);
    }
    assertThat(refused(server, "malformed")).isEqualTo(1);
  }

  @Test
  void who_wants_to_go_may_go() {
    TestServer server = tenPerSecond();
    Guest guest = server.guest();
    for (int i = 0; i < 5; i++) {
      guest.ask("roomView");
    }
    guest.ask("quit");
    assertThat(guest.hear())
        .anyMatch(line -> line.contains("Bye!") && line.contains("\"messageCount\":6"));
    assertThat(guest.finished).isTrue();
  }

  @Test
  void each_connection_has_a_bucket_of_its_own() {
    TestServer server = tenPerSecond();
    Guest flood = server.guest();
    for (int i = 0; i < 50; i++) {
      flood.ask("roomView");
    }
    assertThat(server.guest().ask("roomView")).contains("OK");
  }

  @Test
  void in_the_long_run_it_is_the_rate_however_often_more_is_tried() {
    TestServer server = tenPerSecond();
    Guest guest = server.guest();
    int taken = 0;
    for (int i = 0; i < 1_000; i++) {
      server.pass(Duration.ofMillis(10));
      taken += guest.ask("roomView").contains("OK") ? 1 : 0;
    }
    assertThat(taken).isBetween(100, 103);
  }

  @Test
  void who_is_refused_often_is_not_read_for_a_while() {
    TestServer server = tenPerSecond();
    Guest guest = server.guest();
    for (int i = 0; i < 3 + 63; i++) {
      guest.ask("roomView");
      assertThat(guest.intake.isCongested()).isFalse();
    }
    guest.ask("roomView");
    assertThat(guest.intake.isCongested()).isTrue();
    server.pass(Duration.ofMillis(99));
    assertThat(guest.resumed).isZero();
    server.pass(Duration.ofMillis(1));
    assertThat(guest.resumed).isEqualTo(1);
    assertThat(guest.intake.isCongested()).isFalse();
    assertThat(guest.ask("roomView")).contains("OK");
  }

  @Test
  void who_sends_too_many_bytes_is_not_read_until_they_are_paid_for() {
    TestServer server = server("limits.bytesPerSecond=10000", "limits.bytesBurst=5000");
    Guest guest = server.guest();
    guest.intake.received(5_000);
    assertThat(guest.intake.isCongested()).isFalse();
    guest.intake.received(2_000);
    guest.intake.received(1_000); // read before it could be stopped
    assertThat(guest.intake.isCongested()).isTrue();
    assertThat(refused(server, "bytes")).isEqualTo(1);
    server.pass(Duration.ofMillis(199));
    assertThat(guest.intake.isCongested()).isTrue();
    server.pass(Duration.ofMillis(1));
    assertThat(guest.resumed).isEqualTo(1);
    assertThat(guest.intake.isCongested()).isFalse();
    guest.intake.received(1);
    assertThat(guest.intake.isCongested()).isTrue();
    server.pass(Duration.ofMillis(101));
    assertThat(guest.intake.isCongested()).isFalse();
    assertThat(guest.ask("say still here")).contains("OK");
  }

  @Test
  void who_rests_can_be_sent_away_and_hears_the_others() {
    TestServer server = server("limits.bytesPerSecond=1024", "limits.bytesBurst=1024");
    Guest guest = server.guest();
    Guest other = server.guest();
    guest.intake.received(1 << 20);
    assertThat(guest.intake.isCongested()).isTrue();
    other.ask("say hello");
    assertThat(guest.heard()).containsExactly("hello");
    guest.connection().close("enough");
    assertThat(guest.hear()).anyMatch(line -> line.contains("enough"));
    assertThat(guest.finished).isTrue();
    server.pass(Duration.ofHours(1));
    assertThat(guest.resumed).isZero();
  }

  @Test
  void nothing_is_limited_where_the_limit_is_0() {
    TestServer server = server("limits.messagesPerSecond=0", "limits.bytesPerSecond=0");
    Guest guest = server.guest();
    for (int i = 0; i < 10_000; i++) {
      guest.intake.received(1 << 20);
      guest.send("roomView");
    }
    assertThat(guest.hear()).hasSize(10_001).noneMatch(line -> line.contains("error"));
    assertThat(server.loops.getFirst().timers()).isZero();
  }

  @Test
  void the_defaults_bear_a_thousand_messages_a_second() {
    TestServer server = server();
    Guest guest = server.guest();
    for (int second = 0; second < 10; second++) {
      for (int i = 0; i < 1_000; i++) {
        guest.intake.received(150);
        guest.send("roomView");
        server.settle();
      }
      server.pass(Duration.ofSeconds(1));
    }
    assertThat(refused(server, "messages") + refused(server, "bytes")).isZero();
  }

  @Test
  void a_bucket_is_exact_and_a_clock_that_is_set_back_locks_nobody_out() {
    var pace = new Pace(Integer.MAX_VALUE, Integer.MAX_VALUE);
    long now = TestServer.NOW.toEpochMilli();
    long full = pace.spend(0, now, Integer.MAX_VALUE);
    assertThat(pace.overdrawn(full, now)).isZero();
    assertThat(pace.overdrawn(pace.spend(full, now, Integer.MAX_VALUE), now)).isEqualTo(1_000);
    assertThat(pace.isPaid(full, now)).isFalse();
    assertThat(pace.isPaid(full, now + 1_000)).isTrue();
    var slow = new Pace(3, 1);
    long once = slow.spend(0, now, 1);
    long yesterday = now - Duration.ofDays(1).toMillis();
    long again = slow.spend(once, yesterday, 1);
    assertThat(slow.overdrawn(again, yesterday)).isEqualTo(334);
  }

  @Test
  void each_refusal_is_counted_under_its_kind() {
    TestServer server =
        server(
            "limits.rooms=1", "limits.listeningRooms=0", "limits.params=0", "limits.paramBytes=0");
    Guest guest = server.guest();
    guest.ask("{\"event\":\"roomAdd\",\"room\":\"attic\"}");
    guest.ask("listenToRoom attic");
    guest.ask("listenToRoom cellar");
    guest.ask("paramAdd key=value");
    guest.ask("say");
    assertThat(EngineInside.refused(server.earshot))
        .containsEntry("rooms", 1L)
        .containsEntry("listens", 2L)
        .containsEntry("params", 1L)
        .containsEntry("malformed", 1L)
        .containsEntry("messages", 0L);
  }
}
