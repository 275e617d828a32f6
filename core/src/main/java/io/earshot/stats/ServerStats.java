package io.earshot.stats;

import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What a server counts and measures.
 *
 * <p>Immutable; it reads what other threads write, and waits for nothing.
 *
 * @param loops the stats of each event loop
 * @param counts what the server counts apart from the path of messages
 */
public record ServerStats(List<LoopStats> loops, ServerCounts counts) {

  /**
   * The sum of a counter.
   *
   * @param counter the counter
   * @return the number since the start of the server
   */
  public long sum(Counter counter) {
    return sum(loop -> loop.get(counter));
  }

  /**
   * The sum of a gauge.
   *
   * @param gauge the gauge
   * @return the sum of its last values
   */
  public long sum(Gauge gauge) {
    return sum(loop -> loop.get(gauge));
  }

  private long sum(ToLongFunction<LoopStats> value) {
    return loops.stream().mapToLong(value).sum();
  }

  /**
   * The times from a say to its deliveries, as {@link Latency#counts} has them.
   *
   * @return the sum over all loops, for {@link Latency#quantile}
   */
  public long[] sayToDeliver() {
    long[] sum = new Latency().counts();
    for (LoopStats loop : loops) {
      long[] counts = loop.sayToDeliver().counts();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += counts[i];
      }
    }
    return sum;
  }
}
