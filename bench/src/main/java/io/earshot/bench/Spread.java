package io.earshot.bench;

/**
 * The median of some values, and how far they are apart.
 *
 * @param count how many there are; if none, the rest is 0
 */
record Spread(int count, double least, double median, double most) {
  static Spread of(double[] sorted) {
    int n = sorted.length;
    if (n == 0) {
      return new Spread(0, 0, 0, 0);
    }
    return new Spread(n, sorted[0], (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[n - 1]);
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** For a table: the median, and the ends if there are several values. */
  String shown(Figure figure) {
    if (isEmpty()) {
      return "–";
    }
    String middle = figure.shown(median);
    return count == 1
        ? middle
        : middle + " (" + figure.shown(least) + "–" + figure.shown(most) + ")";
  }
}
