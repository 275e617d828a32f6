package io.earshot.bench.metric;

import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The values that one run has measured.
 *
 * <p>Owned by the thread that fills it.
 */
public final class Measurements {
  private final Map<Metric, Double> values = new EnumMap<>(Metric.class);

  public void put(Metric metric, double value) {
    values.put(metric, value);
  }

  public OptionalDouble get(Metric metric) {
    Double value = values.get(metric);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** The metric's value, or 0 if it was not measured. */
  public double value(Metric metric) {
    return values.getOrDefault(metric, 0.0);
  }

  public Map<Metric, Double> all() {
    return values;
  }
}
