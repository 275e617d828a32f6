package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Reads the most frequent request without the JSON parser: an object with {@code event: say} and a
 * message, in either order, both texts without escapes. All other input, valid JSON or not, is left
 * to the parser.
 *
 * <p>Thread-safe: stateless.
 */
final class PlainSay {
  private static final String EVENT = "\"event\":\"say\"";
  private static final String MESSAGE = "\"message\":\"";

  private PlainSay() {}

  /** The request, or null if the text does not have this form. */
  static @Nullable Request of(String text) {
    int start = after(text, 0, "{" + EVENT + "," + MESSAGE);
    if (start > 0) {
      int end = endOfText(text, start);
      return end > 0 && text.length() == end + 2 && text.charAt(end + 1) == '}'
          ? say(text, start, end)
          : null;
    }
    start = after(text, 0, "{" + MESSAGE);
    if (start > 0) {
      int end = endOfText(text, start);
      return end > 0 && after(text, end, "\"," + EVENT + "}") == text.length()
          ? say(text, start, end)
          : null;
    }
    return null;
  }

  private static Request say(String text, int start, int end) {
    return new Request(
        new Command.Say(null, new Json.Text(text.substring(start, end)), null), null);
  }

  /** The index after a part, or -1 if the part is not at this index. */
  private static int after(String text, int at, String part) {
    return text.startsWith(part, at) ? at + part.length() : -1;
  }

  /** The index of the closing quote, or -1 if the text has an escape or needs one. */
  private static int endOfText(String text, int start) {
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        return i;
      }
      if (c == '\\' || c < 0x20) {
        return -1;
      }
    }
    return -1;
  }
}
