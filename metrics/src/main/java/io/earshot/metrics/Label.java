package io.earshot.metrics;

import io.earshot.stats.Work;
import java.util.Locale;

/** The values of labels. */
final class Label {
  private Label() {}

  static String of(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /** A hook's kind, without the word hook. */
  static String of(Work work) {
    return work.name().toLowerCase(Locale.ROOT).replace("_hook", "");
  }
}
