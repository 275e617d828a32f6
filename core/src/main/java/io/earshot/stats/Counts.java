package io.earshot.stats;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * One counter for each constant of an enum, for events that are no part of the path of a message.
 *
 * <p>Thread-safe: a map that does not change, of adders.
 *
 * @param <K> the enum
 */
public final class Counts<K extends Enum<K>> {
  private final Map<K, LongAdder> adders;

  /**
   * All counters are 0.
   *
   * @param keys the enum
   */
  public Counts(Class<K> keys) {
    adders = new EnumMap<>(keys);
    for (K key : keys.getEnumConstants()) {
      adders.put(key, new LongAdder());
    }
  }

  void count(K key) {
    adder(key).increment();
  }

  /**
   * The value of a counter.
   *
   * @param key the counter
   * @return the number since the start of the server
   */
  public long get(K key) {
    return adder(key).sum();
  }

  /**
   * The sum of all counters.
   *
   * @return the number since the start of the server
   */
  public long sum() {
    return adders.values().stream().mapToLong(LongAdder::sum).sum();
  }

  private LongAdder adder(K key) {
    return Objects.requireNonNull(adders.get(key));
  }
}
