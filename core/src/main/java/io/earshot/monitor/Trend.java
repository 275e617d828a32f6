package io.earshot.monitor;

import io.earshot.protocol.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The course of a server's last 15 minutes: one value of each {@link Line} for each five seconds,
 * in arrays that are written in turn.
 *
 * <p>Thread-safe: guarded by its lock, which is taken every five seconds and for each look.
 */
@SuppressWarnings("EnumOrdinal") // one array for all series
final class Trend {
  /** The time from sample to sample, in seconds. */
  static final int EVERY = 5;

  /** How many samples are kept: 15 minutes. */
  static final int SAMPLES = 15 * 60 / EVERY;

  /** What is sampled. */
  enum Line {
    MESSAGES("messagesPerSecond"),
    DELIVERIES("deliveriesPerSecond"),
    RECEIVED("receivedBytesPerSecond"),
    SENT("sentBytesPerSecond"),
    CONNECTS("connectsPerSecond"),
    CLOSES("closesPerSecond"),
    REFUSED("refusedPerSecond"),
    P50("p50Micros"),
    P99("p99Micros"),
    CONNECTIONS("connections"),
    ROOMS("rooms"),
    MEMORY("usedBytes"),
    HISTORY("historyBytes"),
    LAG("lagMicros"),
    BACKLOG("backlogBytes"),
    ROUND_TRIP("roundTripMicros");

    private final String key;

    Line(String key) {
      this.key = key;
    }
  }

  private final double[][] values = new double[Line.values().length][SAMPLES];

  /** When each sample was taken, in milliseconds since 1970. */
  private final long[] times = new long[SAMPLES];

  /** How many samples were taken since the start. */
  private long count;

  synchronized void add(long time, Map<Line, Double> sample) {
    int at = (int) (count % SAMPLES);
    times[at] = time;
    for (Line line : Line.values()) {
      values[line.ordinal()][at] = sample.getOrDefault(line, 0.0);
    }
    count++;
  }

  /**
   * The samples after one, oldest first, as a list for each line.
   *
   * @param after the number of a sample, which begin at 1; 0 for all that are kept
   */
  synchronized Json.Obj after(long after) {
    long first = Math.max(count - SAMPLES, Math.clamp(after, 0, count));
    var fields = new LinkedHashMap<String, Json>();
    fields.put("everySeconds", Json.of(EVERY));
    fields.put("last", Json.of(count));
    List<Json> at = new ArrayList<>();
    for (long i = first; i < count; i++) {
      at.add(Json.of(times[(int) (i % SAMPLES)]));
    }
    fields.put("at", new Json.Array(at));
    for (Line line : Line.values()) {
      List<Json> numbers = new ArrayList<>();
      for (long i = first; i < count; i++) {
        numbers.add(rounded(values[line.ordinal()][(int) (i % SAMPLES)]));
      }
      fields.put(line.key, new Json.Array(numbers));
    }
    return new Json.Obj(fields);
  }

  /** A number with one decimal at most. */
  static Json rounded(double number) {
    long tenths = Math.round(number * 10);
    return tenths % 10 == 0
        ? Json.of(tenths / 10)
        : new Json.Num(
            (tenths < 0 ? "-" : "") + Math.abs(tenths / 10) + "." + Math.abs(tenths % 10));
  }
}
