package io.earshot.protocol;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A position in the order of one room: the messages up to it are known, those after it are not. Its
 * text form is {@code epoch:offset}.
 *
 * <p>Immutable.
 *
 * @param epoch the name of the order; a room that has lost its history begins a new epoch
 * @param offset the number of the last message that is known: 1 is the first of the epoch, 0 is
 *     before it
 */
public record Cursor(String epoch, long offset) {
  private static final Pattern FORM = Pattern.compile("([A-Za-z0-9_-]{1,32}):(\\d{1,18})");

  /**
   * The cursor of a client that returns, and does not know what it received last. No room has this
   * epoch, so nothing can be recovered.
   */
  public static final Cursor UNKNOWN = new Cursor("?", 0);

  /** The error for a text that is not a cursor. */
  static final String INVALID =
      "Error: after must be epoch:offset, as messages and replies have them";

  /** The error for a text that is not a cursor of an inbox. */
  public static final String INVALID_INBOX =
      "Error: inbox must be epoch:offset, as messages and replies have them";

  /**
   * Reads a cursor.
   *
   * @param text the text form, such as {@code k3f9:17}
   * @return the cursor, or null if the text is not one
   */
  public static @Nullable Cursor parse(String text) {
    Matcher form = FORM.matcher(text);
    return form.matches() ? new Cursor(form.group(1), Long.parseLong(form.group(2))) : null;
  }

  /** Adds the fields {@code epoch} and {@code offset}. */
  void putInto(Map<String, Json> fields) {
    fields.put("epoch", Json.of(epoch));
    fields.put("offset", Json.of(offset));
  }

  /** The text form, which clients send back. */
  @Override
  public String toString() {
    return epoch + ":" + offset;
  }
}
