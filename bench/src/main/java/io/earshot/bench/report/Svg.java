package io.earshot.bench.report;

import java.util.Locale;

/**
 * Writes an SVG image. Its colours follow the reader's light or dark theme.
 *
 * <p>Owned by the thread that writes it.
 */
final class Svg {
  private static final String STYLE =
      """
      <style>
        .page { fill: #ffffff; } .ink { fill: #1f2328; } .faint { fill: #59636e; }
        .grid { stroke: #d1d9e0; } .axis { stroke: #59636e; } .spread { stroke: #1f2328; }
        .c0 { fill: #0969da; } .s0 { stroke: #0969da; } .c1 { fill: #8c959f; } .s1 { stroke: #8c959f; }
        @media (prefers-color-scheme: dark) {
          .page { fill: #0d1117; } .ink { fill: #f0f6fc; } .faint { fill: #9198a1; }
          .grid { stroke: #3d444d; } .axis { stroke: #9198a1; } .spread { stroke: #f0f6fc; }
          .c0 { fill: #4493f8; } .s0 { stroke: #4493f8; } .c1 { fill: #656c76; } .s1 { stroke: #656c76; }
        }
      </style>
      """;

  private final StringBuilder out = new StringBuilder();

  Svg(double width, double height, String title) {
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\""
                + " height=\"%.0f\" font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\">%n",
            width,
            height,
            width,
            height));
    out.append("<title>").append(escaped(title)).append("</title>\n").append(STYLE);
    out.append(
        String.format(
            Locale.ROOT, "<rect class=\"page\" width=\"%.0f\" height=\"%.0f\"/>%n", width, height));
  }

  void text(double x, double y, String anchor, String style, String text) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">%s</text>%n",
            x,
            y,
            anchor,
            style,
            escaped(text)));
  }

  void heading(double x, double y, String text) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" class=\"ink\" font-weight=\"600\">%s</text>%n",
            x,
            y,
            escaped(text)));
  }

  /** Vertical text, centred. */
  void upright(double x, double y, String text) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\""
                + " class=\"faint\">%s</text>%n",
            x,
            y,
            escaped(text)));
  }

  void bar(double x, double y, double width, double height, String style) {
    out.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>%n",
            x,
            y,
            width,
            height,
            style));
  }

  void line(double x1, double y1, double x2, double y2, String style) {
    out.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>%n",
            x1,
            y1,
            x2,
            y2,
            style));
  }

  void dot(double x, double y, String style) {
    out.append(
        String.format(
            Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" class=\"%s\"/>%n", x, y, style));
  }

  void polyline(double[] xs, double[] ys, String style) {
    var points = new StringBuilder();
    for (int i = 0; i < xs.length; i++) {
      points.append(String.format(Locale.ROOT, "%.1f,%.1f ", xs[i], ys[i]));
    }
    out.append(
        String.format(
            Locale.ROOT,
            "<polyline points=\"%s\" fill=\"none\" stroke-width=\"2\" class=\"%s\"/>%n",
            points.toString().strip(),
            style));
  }

  /** The complete image. */
  String finished() {
    return out + "</svg>\n";
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
