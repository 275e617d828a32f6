package io.earshot.stats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A histogram of times, in buckets of which four double the time: a quantile is at most a quarter
 * above the true one. From 1 µs to more than a minute.
 *
 * <p>Written by one thread; any thread may read.
 */
public final class Latency {
  private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(long[].class);

  /** Buckets per doubling of the time, as a power of 2. */
  private static final int FINENESS = 2;

  private static final int BUCKETS = 27 << FINENESS;

  private final long[] counts = new long[BUCKETS];

  /** No times. */
  public Latency() {}

  /**
   * Adds a time.
   *
   * @param nanos the time in nanoseconds
   */
  public void record(long nanos) {
    int bucket = bucket(nanos);
    COUNTS.setOpaque(counts, bucket, counts[bucket] + 1);
  }

  /**
   * How many times each bucket has; see {@link #quantile}.
   *
   * @return a copy
   */
  public long[] counts() {
    var copy = new long[BUCKETS];
    for (int i = 0; i < BUCKETS; i++) {
      copy[i] = (long) COUNTS.getOpaque(counts, i);
    }
    return copy;
  }

  /**
   * A quantile of the times in buckets.
   *
   * @param counts numbers of times by bucket: those of {@link #counts}, sums or differences of them
   * @param quantile from 0 to 1
   * @return the upper end of the bucket in which the quantile is, in nanoseconds; 0 if there are no
   *     times
   */
  public static long quantile(long[] counts, double quantile) {
    long sum = 0;
    for (long count : counts) {
      sum += count;
    }
    long rank = Math.max(1, (long) Math.ceil(sum * quantile));
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= rank) {
        return upperEnd(i);
      }
    }
    return 0;
  }

  static int bucket(long nanos) {
    long micros = Math.max(0, nanos / 1_000);
    if (micros < 1 << FINENESS) {
      return (int) micros;
    }
    int doublings = 63 - Long.numberOfLeadingZeros(micros) - FINENESS;
    int within = (int) (micros >>> doublings) - (1 << FINENESS);
    return Math.min(BUCKETS - 1, ((doublings + 1) << FINENESS) + within);
  }

  static long upperEnd(int bucket) {
    int doublings = (bucket >> FINENESS) - 1;
    long micros =
        doublings < 0
            ? bucket + 1
            : ((1L << FINENESS) + (bucket & ((1 << FINENESS) - 1)) + 1) << doublings;
    return micros * 1_000;
  }
}
