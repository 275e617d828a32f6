package io.earshot.monitor;

import io.earshot.stats.Counter;
import io.earshot.stats.Latency;
import io.earshot.stats.ServerCounts;
import io.earshot.stats.ServerStats;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The counters of a server at one moment. Rates are differences of two readings.
 *
 * <p>Immutable.
 *
 * @param at the moment, in milliseconds of a clock that only runs forward
 * @param counters the sum of each counter over all loops
 * @param opened connections that began since the start
 * @param closed connections that ended since the start
 * @param latencies the times from a say to its deliveries, as {@link Latency#counts} has them
 * @param refused the refusals since the start, by kind
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Reading(
    long at,
    Map<Counter, Long> counters,
    long opened,
    long closed,
    long[] latencies,
    Map<String, Long> refused) {

  static Reading of(long at, ServerStats stats, Map<String, Long> refused) {
    var counters = new EnumMap<Counter, Long>(Counter.class);
    for (Counter each : Counter.values()) {
      counters.put(each, stats.sum(each));
    }
    ServerCounts counts = stats.counts();
    return new Reading(
        at, counters, counts.opened().sum(), counts.closed().sum(), stats.sayToDeliver(), refused);
  }

  long get(Counter counter) {
    return counters.getOrDefault(counter, 0L);
  }

  /** What happened between an earlier reading and this one. */
  Change since(Reading earlier) {
    return new Change(earlier, this);
  }

  /**
   * What happened between two readings.
   *
   * <p>Immutable.
   */
  record Change(Reading from, Reading to) {

    /** A number as a rate per second; 0 if no time has passed. */
    private double perSecond(long number) {
      long millis = to.at - from.at;
      return millis <= 0 ? 0 : number * 1_000.0 / millis;
    }

    long count(Counter counter) {
      return to.get(counter) - from.get(counter);
    }

    double rate(Counter counter) {
      return perSecond(count(counter));
    }

    double opened() {
      return perSecond(to.opened - from.opened);
    }

    double closed() {
      return perSecond(to.closed - from.closed);
    }

    /** The refusals of each kind that there were. */
    Map<String, Long> refused() {
      var more = new LinkedHashMap<String, Long>();
      to.refused.forEach(
          (kind, count) -> {
            long change = count - from.refused.getOrDefault(kind, 0L);
            if (change > 0) {
              more.put(kind, change);
            }
          });
      return more;
    }

    double refusedPerSecond() {
      return perSecond(refused().values().stream().mapToLong(Long::longValue).sum());
    }

    /** The times from a say to its deliveries. */
    private long[] latencies() {
      long[] times = to.latencies.clone();
      for (int i = 0; i < times.length; i++) {
        times[i] -= from.latencies[i];
      }
      return times;
    }

    /** How many messages were timed. */
    long timed() {
      long sum = 0;
      for (long each : latencies()) {
        sum += each;
      }
      return sum;
    }

    /** A quantile of the times from a say to its deliveries, in microseconds; 0 without any. */
    long micros(double quantile) {
      return Latency.quantile(latencies(), quantile) / 1_000;
    }
  }
}
