package io.earshot.spi;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * How often each {@link Refusal} has happened on one server.
 *
 * <p>Thread-safe: a map that does not change, of adders.
 */
public final class Refusals {
  private final Map<Refusal, LongAdder> counts = new EnumMap<>(Refusal.class);

  /** All counts are 0. */
  public Refusals() {
    for (Refusal kind : Refusal.values()) {
      counts.put(kind, new LongAdder());
    }
  }

  /**
   * Counts one.
   *
   * @param kind what was refused
   */
  public void count(Refusal kind) {
    Objects.requireNonNull(counts.get(kind)).increment();
  }

  /**
   * The counts since the start.
   *
   * @return one for each kind, under its key
   */
  public Map<String, Long> counts() {
    var all = new LinkedHashMap<String, Long>();
    counts.forEach((kind, count) -> all.put(kind.key(), count.sum()));
    return all;
  }
}
