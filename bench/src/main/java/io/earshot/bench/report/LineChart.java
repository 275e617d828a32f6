package io.earshot.bench.report;

import io.earshot.bench.metric.Metric;
import io.earshot.bench.metric.ShortNumber;
import io.earshot.bench.metric.Spread;

/** A chart of a curve: a metric against a quantity on a logarithmic axis. */
final class LineChart {
  private static final double WIDTH = 640;
  private static final double HEIGHT = 360;
  private static final double LEFT = 70;
  private static final double RIGHT = 24;
  private static final double TOP = 48;
  private static final double BOTTOM = 56;

  private LineChart() {}

  /** The chart of one server's curve. */
  static String of(Run run, String server, String cell, Run.Load load) {
    double[] points = run.points(cell);
    Metric metric = load.shown();
    double most = 0;
    for (double at : points) {
      most = Math.max(most, run.spread(server, cell, at, metric).most());
    }
    Axis across =
        Axis.logarithmic(points[0], points[points.length - 1], LEFT + 20, WIDTH - RIGHT - 20);
    Axis up = Axis.linear(most, HEIGHT - BOTTOM, TOP);
    var svg = new Svg(WIDTH, HEIGHT, server + ": " + metric.title() + " against " + cell);
    svg.heading(16, 24, server + ": " + cell);
    for (double mark : up.marks()) {
      double y = up.place(mark);
      svg.line(LEFT, y, WIDTH - RIGHT, y, "grid");
      svg.text(LEFT - 8, y + 4, "end", "faint", ShortNumber.of(mark));
    }
    svg.line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis");
    svg.line(LEFT, TOP, LEFT, HEIGHT - BOTTOM, "axis");
    svg.upright(18, (TOP + HEIGHT - BOTTOM) / 2, metric.title());
    String unit = load.about().split("[,;]", 2)[0];
    svg.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "middle", "faint", unit + " (log scale)");
    double[] xs = new double[points.length];
    double[] ys = new double[points.length];
    for (int i = 0; i < points.length; i++) {
      Spread spread = run.spread(server, cell, points[i], metric);
      xs[i] = across.place(points[i]);
      ys[i] = up.place(spread.median());
      svg.line(xs[i], up.place(spread.least()), xs[i], up.place(spread.most()), "spread");
      svg.text(xs[i], HEIGHT - BOTTOM + 18, "middle", "faint", ShortNumber.of(points[i]));
    }
    svg.polyline(xs, ys, "s0");
    for (int i = 0; i < points.length; i++) {
      svg.dot(xs[i], ys[i], "c0");
      svg.text(
          xs[i],
          ys[i] - 10,
          "middle",
          "ink",
          metric.shown(run.spread(server, cell, points[i], metric).median()));
    }
    return svg.finished();
  }
}
