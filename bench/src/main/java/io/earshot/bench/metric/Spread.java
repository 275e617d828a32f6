package io.earshot.bench.metric;

/**
 * The minimum, median and maximum of some values.
 *
 * @param count how many values there are; without any, the others are 0
 */
public record Spread(int count, double least, double median, double most) {
  public static Spread of(double[] sorted) {
    int n = sorted.length;
    if (n == 0) {
      return new Spread(0, 0, 0, 0);
    }
    return new Spread(n, sorted[0], (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[n - 1]);
  }

  public boolean isEmpty() {
    return count == 0;
  }

  /** For a table: the median, and the minimum and maximum if there are several values. */
  public String shown(Metric metric) {
    if (isEmpty()) {
      return "–";
    }
    String middle = metric.shown(median);
    return count == 1
        ? middle
        : middle + " (" + metric.shown(least) + "–" + metric.shown(most) + ")";
  }
}
