package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What clients send most, read without a parser: one object that says {@code event: say} and a
 * message, in this order or the other, both texts without escapes. Everything else is left to the
 * parser, and so is whether it is JSON at all.
 */
final class PlainSay {
  private static final String EVENT = "\"event\":\"say\"";
  private static final String MESSAGE = "\"message\":\"";

  private PlainSay() {}

  /** The request, or null if it is not as plain as that. */
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

  /** Where it goes on after this, or -1 if this is not what stands here. */
  private static int after(String text, int at, String part) {
    return text.startsWith(part, at) ? at + part.length() : -1;
  }

  /** Where the closing quote is, or -1 if there is none before an escape or what needs one. */
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
