package io.earshot.stats;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.testing.TestServer;
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
}
