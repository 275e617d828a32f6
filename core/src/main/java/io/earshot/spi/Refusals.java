package io.earshot.spi;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * One counter for each {@link Refusal} of a server.
 *
 * <p>Thread-safe: a map that does not change, of adders.
 */
public final class Refusals {
  private final Map<Refusal, LongAdder> counts = new EnumMap<>(Refusal.class);

  /** All counters are 0. */
  public Refusals() {
    for (Refusal kind : Refusal.values()) {
      counts.put(kind, new LongAdder());
    }
  }

  /**
   * Adds 1 to a counter.
   *
   * @param kind the limit that was exceeded
   */
  public void count(Refusal kind) {
    Objects.requireNonNull(counts.get(kind)).increment();
  }

  /**
   * The counters since the start of the server.
   *
   * @return one number for each kind, by {@link Refusal#key}; a copy
   */
  public Map<String, Long> counts() {
    var all = new LinkedHashMap<String, Long>();
    counts.forEach((kind, count) -> all.put(kind.key(), count.sum()));
    return all;
  }
}
