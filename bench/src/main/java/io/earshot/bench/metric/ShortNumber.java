package io.earshot.bench.metric;

import java.util.Locale;

/** Formats numbers for the marks of charts and for titles. Thread-safe: stateless. */
public final class ShortNumber {
  private ShortNumber() {}

  /** The number with a unit of thousands or millions if it is large, such as {@code 65.5 k}. */
  public static String of(double value) {
    if (value >= 1e6) {
      return plain("%.2f", value / 1e6) + " M";
    }
    return value >= 10_000 ? plain("%.1f", value / 1000) + " k" : plain("%.3f", value);
  }

  private static String plain(String format, double value) {
    return String.format(Locale.ROOT, format, value).replaceAll("\\.?0+$", "");
  }
}
