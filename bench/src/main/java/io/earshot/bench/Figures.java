package io.earshot.bench;

import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What one run measured.
 *
 * <p>Owned by the thread that fills it.
 */
final class Figures {
  private final Map<Figure, Double> values = new EnumMap<>(Figure.class);

  void put(Figure figure, double value) {
    values.put(figure, value);
  }

  OptionalDouble get(Figure figure) {
    Double value = values.get(figure);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** Its value, or 0 if it was not measured. */
  double value(Figure figure) {
    return values.getOrDefault(figure, 0.0);
  }

  Map<Figure, Double> all() {
    return values;
  }
}
