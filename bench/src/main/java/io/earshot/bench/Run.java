package io.earshot.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * All that a report is made of.
 *
 * <p>Owned by the thread that fills it.
 */
final class Run {
  /** What is true of the whole run, by name: machine, method, flags. */
  final Map<String, String> facts = new LinkedHashMap<>();

  /** The servers' versions by title. */
  final Map<String, String> versions = new LinkedHashMap<>();

  /** What went wrong, by what it went wrong with. */
  final Map<String, String> failures = new LinkedHashMap<>();

  /** What the loads ask, by name, and the figure that each is shown by. */
  final Map<String, Asked> asked = new LinkedHashMap<>();

  final List<Result> results = new ArrayList<>();

  /**
   * What a load is about.
   *
   * @param about in words
   * @param shown the figure that a chart shows
   */
  record Asked(String about, Figure shown) {}

  /** What was measured at one point of one server, in all rounds. */
  Spread spread(String server, String cell, double at, Figure figure) {
    return Spread.of(
        results.stream()
            .filter(r -> r.server().equals(server) && r.cell().equals(cell) && r.at() == at)
            .map(r -> r.figures().get(figure))
            .filter(OptionalDouble::isPresent)
            .mapToDouble(OptionalDouble::getAsDouble)
            .sorted()
            .toArray());
  }

  /** The servers with results, in order. */
  List<String> servers() {
    return results.stream().map(Result::server).distinct().sorted(this::inOrder).toList();
  }

  private int inOrder(String one, String other) {
    List<String> order = List.copyOf(versions.keySet());
    return Integer.compare(order.indexOf(one), order.indexOf(other));
  }

  /** The loads that are no curves and have results. */
  List<String> loads() {
    return asked.keySet().stream().filter(cell -> has(cell, false)).toList();
  }

  List<String> curves() {
    return asked.keySet().stream().filter(cell -> has(cell, true)).toList();
  }

  private boolean has(String cell, boolean points) {
    return results.stream().anyMatch(r -> r.cell().equals(cell) && r.at() > 0 == points);
  }

  /** The points of a curve, in order. */
  double[] points(String cell) {
    return results.stream()
        .filter(r -> r.cell().equals(cell))
        .mapToDouble(Result::at)
        .distinct()
        .sorted()
        .toArray();
  }
}
