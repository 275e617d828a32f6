package io.earshot.bench.report;

import io.earshot.bench.metric.Metric;
import io.earshot.bench.metric.Spread;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * All data of a report.
 *
 * <p>Owned by the thread that fills it.
 */
public final class Run {
  /** Facts about the whole run by name, such as machine and flags. */
  final Map<String, String> facts = new LinkedHashMap<>();

  /** The servers' versions by title. */
  final Map<String, String> versions = new LinkedHashMap<>();

  /** The reasons of failures, by the server or the run that failed. */
  final Map<String, String> failures = new LinkedHashMap<>();

  /** The loads by name. */
  final Map<String, Load> loadsByName = new LinkedHashMap<>();

  public final List<Result> results = new ArrayList<>();

  /**
   * A load.
   *
   * @param about its description
   * @param shown the metric that charts show
   * @param reference the title of the server that others are compared with; empty for none
   */
  record Load(String about, Metric shown, String reference) {
    /** The metrics of overviews. */
    List<Metric> headline() {
      return switch (shown) {
        case CONNECTED -> Metric.CONNECT_METRICS;
        case CONNECT_CPU -> List.of(Metric.CONNECT_CPU, Metric.CONNECT_CPU_COLD);
        default -> List.of(shown);
      };
    }
  }

  /** The values of a metric for one server, in all rounds. */
  Spread spread(String server, String cell, double at, Metric metric) {
    return Spread.of(
        results.stream()
            .filter(r -> r.server().equals(server) && r.cell().equals(cell) && r.at() == at)
            .map(r -> r.measurements().get(metric))
            .filter(OptionalDouble::isPresent)
            .mapToDouble(OptionalDouble::getAsDouble)
            .sorted()
            .toArray());
  }

  /**
   * The values of a metric for one server, each divided by that of another server in the same
   * round, since the machine changes from one round to the next.
   */
  Spread ratios(String server, String reference, String cell, Metric metric) {
    return Spread.of(
        results.stream()
            .filter(r -> r.server().equals(server) && r.cell().equals(cell))
            .mapToDouble(
                r ->
                    r.measurements().value(metric)
                        / results.stream()
                            .filter(
                                other ->
                                    other.server().equals(reference)
                                        && other.cell().equals(cell)
                                        && other.round() == r.round())
                            .mapToDouble(other -> other.measurements().value(metric))
                            .findFirst()
                            .orElse(0))
            .filter(ratio -> Double.isFinite(ratio) && ratio > 0)
            .sorted()
            .toArray());
  }

  /** The servers with results, in the order of {@link #versions}. */
  List<String> servers() {
    return results.stream().map(Result::server).distinct().sorted(this::inOrder).toList();
  }

  private int inOrder(String one, String other) {
    List<String> order = List.copyOf(versions.keySet());
    return Integer.compare(order.indexOf(one), order.indexOf(other));
  }

  /** The loads with results that are not curves. */
  List<String> loads() {
    return loadsByName.keySet().stream().filter(cell -> has(cell, false)).toList();
  }

  /** The curves with results. */
  List<String> curves() {
    return loadsByName.keySet().stream().filter(cell -> has(cell, true)).toList();
  }

  private boolean has(String cell, boolean points) {
    return results.stream().anyMatch(r -> r.cell().equals(cell) && r.at() > 0 == points);
  }

  /** The points of a curve, in ascending order. */
  double[] points(String cell) {
    return results.stream()
        .filter(r -> r.cell().equals(cell))
        .mapToDouble(Result::at)
        .distinct()
        .sorted()
        .toArray();
  }
}
