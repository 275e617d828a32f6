package io.earshot.bench;

/** One curve: a figure against what it grows with, which is on a logarithmic axis. */
final class LineChart {
  private static final double WIDTH = 640;
  private static final double HEIGHT = 360;
  private static final double LEFT = 70;
  private static final double RIGHT = 24;
  private static final double TOP = 48;
  private static final double BOTTOM = 56;

  private LineChart() {}

  /** Shows a curve of one server. */
  static String of(Run run, String server, String cell, Run.Asked asked) {
    double[] points = run.points(cell);
    Figure figure = asked.shown();
    double most = 0;
    for (double at : points) {
      most = Math.max(most, run.spread(server, cell, at, figure).most());
    }
    Axis across =
        Axis.logarithmic(points[0], points[points.length - 1], LEFT + 20, WIDTH - RIGHT - 20);
    Axis up = Axis.linear(most, HEIGHT - BOTTOM, TOP);
    var svg = new Svg(WIDTH, HEIGHT, server + ": " + figure.title() + " against " + cell);
    svg.heading(16, 24, server + ": " + cell);
    for (double mark : up.marks()) {
      double y = up.place(mark);
      svg.line(LEFT, y, WIDTH - RIGHT, y, "grid");
      svg.text(LEFT - 8, y + 4, "end", "faint", Axis.shown(mark));
    }
    svg.line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis");
    svg.line(LEFT, TOP, LEFT, HEIGHT - BOTTOM, "axis");
    svg.upright(18, (TOP + HEIGHT - BOTTOM) / 2, figure.title());
    String unit = asked.about().split("[,;]", 2)[0];
    svg.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "middle", "faint", unit + " (log scale)");
    double[] xs = new double[points.length];
    double[] ys = new double[points.length];
    for (int i = 0; i < points.length; i++) {
      Spread spread = run.spread(server, cell, points[i], figure);
      xs[i] = across.place(points[i]);
      ys[i] = up.place(spread.median());
      svg.line(xs[i], up.place(spread.least()), xs[i], up.place(spread.most()), "spread");
      svg.text(xs[i], HEIGHT - BOTTOM + 18, "middle", "faint", Axis.shown(points[i]));
    }
    svg.polyline(xs, ys, "s0");
    for (int i = 0; i < points.length; i++) {
      svg.dot(xs[i], ys[i], "c0");
      svg.text(
          xs[i],
          ys[i] - 10,
          "middle",
          "ink",
          figure.shown(run.spread(server, cell, points[i], figure).median()));
    }
    return svg.finished();
  }
}
