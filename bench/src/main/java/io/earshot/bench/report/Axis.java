package io.earshot.bench.report;

/**
 * Maps values to positions on a chart.
 *
 * <p>Immutable.
 *
 * @param least the value at the start
 * @param most the value at the end
 * @param begin the position of the least value
 * @param end the position of the greatest value
 * @param logarithmic whether equal distances are equal factors
 */
record Axis(double least, double most, double begin, double end, boolean logarithmic) {

  /** A linear axis from 0 to a round number that is at least {@code most}. */
  static Axis linear(double most, double begin, double end) {
    double top = most <= 0 ? 1 : most;
    double step = niceStep(top / 4);
    return new Axis(0, Math.ceil(top / step - 1e-9) * step, begin, end, false);
  }

  static Axis logarithmic(double least, double most, double begin, double end) {
    return new Axis(least, Math.max(most, least * 1.001), begin, end, true);
  }

  double place(double value) {
    double share =
        logarithmic
            ? Math.log(value / least) / Math.log(most / least)
            : (value - least) / (most - least);
    return begin + share * (end - begin);
  }

  /** Round values to mark on a linear axis. */
  double[] marks() {
    double step = niceStep(most / 4);
    double[] marks = new double[(int) Math.round(most / step) + 1];
    for (int i = 0; i < marks.length; i++) {
      marks[i] = i * step;
    }
    return marks;
  }

  private static double niceStep(double rough) {
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double digit = rough / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  }
}
