package io.earshot.bench.report;

import io.earshot.bench.metric.Metric;
import io.earshot.bench.metric.ShortNumber;
import io.earshot.bench.metric.Spread;
import java.util.ArrayList;
import java.util.List;

/**
 * A chart with a panel for each load and a bar for each server: the median of all rounds, and a
 * line from the minimum to the maximum.
 */
final class BarChart {
  private static final double WIDTH = 760;
  private static final double LABELS = 250;
  private static final double VALUES = 110;
  private static final double BAR = 16;
  private static final double ROW = 22;
  private static final double HEADING = 40;
  private static final double FOOTING = 46;
  private static final String HIGHLIGHTED = "Earshot";

  private BarChart() {}

  private record Bar(String server, Spread spread) {}

  private record Panel(String cell, Run.Load load, List<Bar> bars) {
    double height() {
      return HEADING + bars.size() * ROW + FOOTING;
    }
  }

  static String of(Run run, List<String> cells, String subtitle) {
    var panels = new ArrayList<Panel>();
    for (String cell : cells) {
      Run.Load load = run.loadsByName.get(cell);
      if (load == null) {
        continue;
      }
      var bars = new ArrayList<Bar>();
      for (String server : run.servers()) {
        Spread spread = run.spread(server, cell, 0, load.shown());
        if (!spread.isEmpty()) {
          bars.add(new Bar(server, spread));
        }
      }
      if (!bars.isEmpty()) {
        panels.add(new Panel(cell, load, bars));
      }
    }
    double height = 30 + panels.stream().mapToDouble(Panel::height).sum();
    var svg = new Svg(WIDTH, height, "Earshot and others under the same loads");
    svg.text(16, 20, "start", "faint", subtitle);
    double y = 30;
    for (Panel panel : panels) {
      draw(svg, panel, y);
      y += panel.height();
    }
    return svg.finished();
  }

  private static void draw(Svg svg, Panel panel, double top) {
    Metric metric = panel.load.shown();
    double most = panel.bars.stream().mapToDouble(bar -> bar.spread.most()).max().orElse(1);
    Axis axis = Axis.linear(most, LABELS, WIDTH - VALUES);
    svg.heading(16, top + 24, panel.cell + ": " + metric.title());
    svg.text(
        WIDTH - 16,
        top + 24,
        "end",
        "faint",
        metric.isMoreBetter() ? "more is better" : "less is better");
    double bottom = top + HEADING + panel.bars.size() * ROW;
    for (double mark : axis.marks()) {
      double x = axis.place(mark);
      svg.line(x, top + HEADING - 4, x, bottom, "grid");
      svg.text(x, bottom + 14, "middle", "faint", ShortNumber.of(mark));
    }
    svg.line(LABELS, top + HEADING - 4, LABELS, bottom, "axis");
    double y = top + HEADING;
    for (Bar bar : panel.bars) {
      boolean isHighlighted = bar.server.equals(HIGHLIGHTED);
      double x = axis.place(bar.spread.median());
      double middle = y + BAR / 2;
      svg.text(LABELS - 8, middle + 4, "end", isHighlighted ? "ink" : "faint", bar.server);
      svg.bar(LABELS, y, Math.max(1, x - LABELS), BAR, isHighlighted ? "c0" : "c1");
      double right = axis.place(bar.spread.most());
      if (bar.spread.count() > 1) {
        svg.line(axis.place(bar.spread.least()), middle, right, middle, "spread");
      }
      svg.text(right + 6, middle + 4, "start", "ink", metric.shown(bar.spread.median()));
      y += ROW;
    }
  }
}
