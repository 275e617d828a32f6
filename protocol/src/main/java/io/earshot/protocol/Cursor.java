package io.earshot.protocol;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A place in the order of one room: all that was told up to it is known, all after it is not. As a
 * text it is {@code epoch:offset}.
 *
 * <p>Immutable.
 *
 * @param epoch which order is meant; a room that has lost its history begins a new one
 * @param offset the number of the last message that is known: 1 for the first of the epoch, 0
 *     before it
 */
public record Cursor(String epoch, long offset) {
  private static final Pattern FORM = Pattern.compile("([A-Za-z0-9_-]{1,32}):(\\d{1,18})");

  /** What to write where a cursor is wanted. */
  static final String INVALID =
      "Error: after must be epoch:offset, as messages and replies have them";

  /**
   * Reads a cursor.
   *
   * @param text such as {@code k3f9:17}
   * @return the cursor, or null if the text is none
   */
  public static @Nullable Cursor parse(String text) {
    Matcher form = FORM.matcher(text);
    return form.matches() ? new Cursor(form.group(1), Long.parseLong(form.group(2))) : null;
  }

  /** Says where in a room's order something is. */
  void putInto(Map<String, Json> fields) {
    fields.put("epoch", Json.of(epoch));
    fields.put("offset", Json.of(offset));
  }

  /** As clients give it back. */
  @Override
  public String toString() {
    return epoch + ":" + offset;
  }
}
