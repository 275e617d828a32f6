package io.earshot.stats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * The counters and gauges of one event loop, and its latencies. To count costs one plain addition.
 *
 * <p>Written by the event loop alone; any thread may read, and may see a value that is a moment
 * old.
 */
@SuppressWarnings("EnumOrdinal") // arrays of numbers, which no map is as fast as
public final class LoopStats {
  private static final VarHandle VALUES = MethodHandles.arrayElementVarHandle(long[].class);

  /** One of so many events is timed. */
  private static final int SAMPLE_EVERY = 64;

  private final long[] counters = new long[Counter.values().length];
  private final long[] gauges = new long[Gauge.values().length];
  private final Latency sayToDeliver = new Latency();
  private final LongSupplier nanos;
  private int untilSample = 1;

  /** Receives what {@link #sayToDeliver} receives; set before the loop delivers. */
  private volatile LongConsumer delivered = ignored -> {};

  /**
   * All values are 0.
   *
   * @param nanos a clock of nanoseconds that only runs forward, as {@link System#nanoTime}
   */
  public LoopStats(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * Adds to a counter. Called on the loop.
   *
   * @param counter the counter
   * @param more the number to add
   */
  public void add(Counter counter, long more) {
    int index = counter.ordinal();
    VALUES.setOpaque(counters, index, counters[index] + more);
  }

  /**
   * Sets a gauge. Called on the loop.
   *
   * @param gauge the gauge
   * @param value its value now
   */
  public void set(Gauge gauge, long value) {
    VALUES.setOpaque(gauges, gauge.ordinal(), value);
  }

  /**
   * The value of a counter.
   *
   * @param counter the counter
   * @return the number since the start of the server
   */
  public long get(Counter counter) {
    return (long) VALUES.getOpaque(counters, counter.ordinal());
  }

  /**
   * The value of a gauge.
   *
   * @param gauge the gauge
   * @return its last value
   */
  public long get(Gauge gauge) {
    return (long) VALUES.getOpaque(gauges, gauge.ordinal());
  }

  /**
   * Begins to time an event, if it is one of the few that are timed. Called on the loop.
   *
   * @return the time of the clock, never 0; 0 if the event is not timed
   */
  public long sample() {
    if (--untilSample > 0) {
      return 0;
    }
    untilSample = SAMPLE_EVERY;
    return nanos.getAsLong() | 1;
  }

  /**
   * A message is sent that was timed. Called on the loop.
   *
   * @param began what {@link #sample} gave, on this loop or another one
   */
  public void delivered(long began) {
    long took = nanos.getAsLong() - began;
    sayToDeliver.record(took);
    delivered.accept(took);
  }

  /** Hands all further latencies to a receiver, in nanoseconds, on the loop. */
  void tellTo(LongConsumer receiver) {
    delivered = receiver;
  }

  /**
   * The times from the moment at which a message was admitted until it was sent to the members on
   * this loop; of one message in 64.
   *
   * @return the times, to which the loop adds
   */
  public Latency sayToDeliver() {
    return sayToDeliver;
  }

  /** For tests and logs. */
  @Override
  public String toString() {
    return Arrays.toString(counters) + " " + Arrays.toString(gauges);
  }
}
