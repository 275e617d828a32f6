package io.earshot.stats;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.spi.Ending;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The counters, gauges and latencies of event loops. */
final class LoopStatsTest {
  @Test
  void quantiles_are_at_most_a_quarter_above_the_true_ones() {
    var latency = new Latency();
    for (int micros = 1; micros <= 10_000; micros++) {
      latency.record(micros * 1_000L);
    }
    for (double quantile : new double[] {0.01, 0.5, 0.9, 0.99, 1}) {
      assertThat((double) Latency.quantile(latency.counts(), quantile))
          .isBetween(quantile * 1e7, quantile * 1.251e7);
    }
  }

  @Test
  void times_outside_the_buckets_count_in_the_first_and_the_last() {
    var latency = new Latency();
    latency.record(-5);
    latency.record(Long.MAX_VALUE);
    assertThat(Latency.quantile(latency.counts(), 0)).isEqualTo(1_000);
    assertThat(Latency.quantile(latency.counts(), 1)).isGreaterThan(60_000_000_000L);
    assertThat(Latency.quantile(new Latency().counts(), 0.5)).isZero();
  }

  @Test
  void messages_count_once_for_the_room_and_once_for_each_member_that_gets_them() {
    var server = new TestServer(1, Config.defaults());
    var ada = server.guest();
    server.guest();
    server.guest();
    server.settle();
    ServerStats stats = server.earshot.stats();
    long messages = stats.sum(Counter.MESSAGES);
    long deliveries = stats.sum(Counter.DELIVERIES);
    for (int i = 0; i < 130; i++) {
      ada.send("say hi");
    }
    server.settle();
    assertThat(stats.sum(Counter.MESSAGES) - messages).isEqualTo(130);
    assertThat(stats.sum(Counter.DELIVERIES) - deliveries).isEqualTo(260);
    assertThat(stats.sum(Gauge.ROOMS)).isEqualTo(1);
    assertThat(stats.sum(Gauge.HISTORY_BYTES)).isPositive();
    long timed = 0;
    for (long count : stats.sayToDeliver()) {
      timed += count;
    }
    assertThat(timed).isBetween(1L, 3L);
  }

  @Test
  void members_that_come_or_go_in_the_middle_of_a_turn_count_with_what_they_get() {
    var server = new TestServer(1, TestServer.quiet());
    Guest speaker = server.guest();
    Guest leaver = server.guest();
    Guest member = server.guest();
    Guest joiner = server.guest();
    joiner.ask("roomChange attic");
    List.of(leaver, member, joiner).forEach(Guest::hear);
    long deliveries = server.earshot.stats().sum(Counter.DELIVERIES);
    speaker.send("say one");
    leaver.send("roomChange attic");
    joiner.send("roomChange defaultRoom");
    member.send("say two"); // which it does not get
    member.send("listenToRoom defaultRoom"); // gets the messages before the answer at once
    speaker.send("say three");
    server.settle();
    int heard = 0;
    for (Guest each : List.of(speaker, leaver, member, joiner)) {
      heard += each.heard().size();
    }
    assertThat(heard).isEqualTo(6);
    assertThat(server.earshot.stats().sum(Counter.DELIVERIES) - deliveries).isEqualTo(6);
  }

  @Test
  void what_is_left_out_for_a_slow_consumer_is_not_delivered() {
    var server =
        new TestServer(1, TestServer.quiet().with("rooms.rules", "drop slowConsumers=drop"));
    Guest speaker = server.guest();
    Guest slow = server.guest();
    speaker.ask("roomChange drop");
    slow.ask("roomChange drop");
    ServerStats stats = server.earshot.stats();
    slow.pending = 1_000_000;
    speaker.ask("say one");
    assertThat(stats.sum(Counter.DELIVERIES)).isZero();
    slow.pending = 0;
    speaker.send("say two");
    slow.send("listenToRoom drop"); // reads again, and is told of the gap
    speaker.send("say three");
    server.settle();
    assertThat(slow.heard()).containsExactly("three");
    assertThat(stats.sum(Counter.DELIVERIES)).isEqualTo(1);
    assertThat(stats.sum(Counter.LEFT_OUT)).isEqualTo(2);
    slow.ask("roomChange attic");
    slow.ask("silenceRoom drop");
    speaker.send("say four");
    slow.send("roomChange drop");
    slow.pending = 1_000_000;
    speaker.send("say five"); // left out for a member that came in the same turn
    server.settle();
    assertThat(stats.sum(Counter.DELIVERIES)).isEqualTo(1);
  }

  @Test
  void members_on_another_loop_are_timed_too() {
    var server = new TestServer(2, Config.defaults());
    var ada = server.guest(0, TestServer.Lines.ONE);
    server.guest(0, TestServer.Lines.ONE);
    server.guest(1, TestServer.Lines.ONE);
    server.settle();
    for (int i = 0; i < 64; i++) {
      ada.send("say hi");
      server.settle();
    }
    assertThat(server.earshot.stats().loops()).allMatch(loop -> timed(loop) > 0);
  }

  @Test
  void a_server_of_a_cluster_times_the_says_of_its_own_clients() {
    var cluster = new TestCluster(Config.defaults(), 2);
    var heard = new ArrayList<Long>();
    TestServer here = cluster.servers.getFirst();
    here.earshot.stats().counts().addListener(new Listening(heard));
    var ada = here.guest();
    here.guest();
    cluster.servers.getLast().guest();
    cluster.settle();
    for (int i = 0; i < 64; i++) {
      ada.send("say hi");
      cluster.settle();
    }
    assertThat(here.earshot.stats().loops().stream().mapToLong(LoopStatsTest::timed).sum())
        .isPositive()
        .isEqualTo(heard.size());
    assertThat(cluster.servers.getLast().earshot.stats().loops())
        .allMatch(loop -> timed(loop) == 0);
  }

  private static long timed(LoopStats loop) {
    return LongStream.of(loop.sayToDeliver().counts()).sum();
  }

  /** Keeps the times of deliveries. */
  private record Listening(List<Long> heard) implements StatsListener {
    @Override
    public void delivered(long nanos) {
      heard.add(nanos);
    }

    @Override
    public void ran(Work work, String name, RunOutcome outcome, long nanos) {}

    @Override
    public void brokerAnswered(long nanos) {}
  }

  @Test
  void each_ending_of_the_server_has_a_kind_and_those_of_clients_have_one() {
    assertThat(Ending.REQUESTED.closeReason()).isEqualTo(CloseReason.CLIENT);
    assertThat(Ending.closedByClient(1008).closeReason()).isEqualTo(CloseReason.CLIENT);
    assertThat(Ending.closedByClient(4999).closeReason()).isEqualTo(CloseReason.CLIENT);
    assertThat(Ending.closed("see you").closeReason()).isEqualTo(CloseReason.KICKED);
    assertThat(Ending.SHUTDOWN.closeReason()).isEqualTo(CloseReason.SHUTDOWN);
    assertThat(Ending.IDLE.closeReason()).isEqualTo(CloseReason.IDLE);
    assertThat(Ending.BEHIND.closeReason()).isEqualTo(CloseReason.SLOW);
    assertThat(Ending.RESUMED.closeReason()).isEqualTo(CloseReason.RESUMED);
    assertThat(Ending.NOT_UTF8.closeReason()).isEqualTo(CloseReason.PROTOCOL);
    assertThat(Ending.tooBig(1).closeReason()).isEqualTo(CloseReason.PROTOCOL);
    assertThat(Ending.refused("banned").closeReason()).isEqualTo(CloseReason.REFUSED);
    assertThat(Ending.INTERNAL_ERROR.closeReason()).isEqualTo(CloseReason.ERROR);
  }
}
