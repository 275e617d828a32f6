package io.earshot.server.log;

/**
 * Escapes text from clients and files for a terminal and a log: control characters, line ends, and
 * characters that change the direction of writing.
 */
public final class OneLine {
  private OneLine() {}

  /** The text on one line. */
  public static String of(String text) {
    return escaped(text, "");
  }

  /**
   * The text on several lines. All lines but the first are indented, so none looks like an event.
   */
  static String indented(String text) {
    return escaped(text.stripTrailing(), "\n\t").replace("\n", System.lineSeparator());
  }

  private static String escaped(String text, String kept) {
    var line = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            point -> {
              if (point == '\n' && !kept.isEmpty()) {
                line.append("\n\t");
              } else if (kept.indexOf(point) >= 0 || !isEscaped(point)) {
                line.appendCodePoint(point);
              } else {
                line.append(escape(point));
              }
            });
    return line.toString();
  }

  private static boolean isEscaped(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      default -> false;
    };
  }

  private static String escape(int point) {
    return switch (point) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> String.format("\\u%04x", point);
    };
  }
}
