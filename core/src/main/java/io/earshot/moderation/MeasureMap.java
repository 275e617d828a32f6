package io.earshot.moderation;

import io.earshot.Measure;
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
  private final Map<K, List<Measure>> all = new ConcurrentHashMap<>();

  boolean isEmpty() {
    return all.isEmpty();
  }

  List<Measure> of(K key) {
    return all.getOrDefault(key, List.of());
  }

  void add(K key, Measure measure) {
    all.merge(
        key,
        List.of(measure),
        (some, more) -> {
          var both = new ArrayList<Measure>(some);
          both.addAll(more);
          return List.copyOf(both);
        });
  }

  void remove(K key, Measure measure) {
    all.computeIfPresent(
        key,
        (_, some) -> {
          List<Measure> rest = some.stream().filter(each -> !each.equals(measure)).toList();
          return rest.isEmpty() ? null : rest;
        });
  }
}
