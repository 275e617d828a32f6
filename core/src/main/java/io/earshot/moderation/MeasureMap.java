package io.earshot.moderation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Measures by a key, such as a target or a room.
 *
 * <p>Thread-safe: a concurrent map of immutable lists.
 *
 * @param <K> the type of the keys
 */
final class MeasureMap<K> {
  private final Map<K, List<TimedMeasure>> all = new ConcurrentHashMap<>();

  boolean isEmpty() {
    return all.isEmpty();
  }

  List<TimedMeasure> of(K key) {
    return all.getOrDefault(key, List.of());
  }

  void add(K key, TimedMeasure measure) {
    all.merge(
        key,
        List.of(measure),
        (some, more) -> {
          var both = new ArrayList<TimedMeasure>(some);
          both.addAll(more);
          return List.copyOf(both);
        });
  }

  void remove(K key, TimedMeasure measure) {
    all.computeIfPresent(
        key,
        (ignored, some) -> {
          List<TimedMeasure> rest = some.stream().filter(each -> !each.equals(measure)).toList();
          return rest.isEmpty() ? null : rest;
        });
  }
}
