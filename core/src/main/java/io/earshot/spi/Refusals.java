package io.earshot.spi;

import io.earshot.stats.Incidents;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * One counter for each {@link Refusal} of a server, and the incidents that have a name.
 *
 * <p>Thread-safe: a map that does not change, of adders, and incidents, which are thread-safe.
 */
public final class Refusals {
  private final Map<Refusal, LongAdder> counts = new EnumMap<>(Refusal.class);
  private final Incidents incidents = new Incidents();

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
   * The incidents of the server, which name the room, action or hook.
   *
   * @return the same object at each call
   */
  public Incidents incidents() {
    return incidents;
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
