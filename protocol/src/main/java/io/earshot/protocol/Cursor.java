package io.earshot.protocol;

import java.util.Map;
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
  private static final int LONGEST_EPOCH = 32;
  private static final int MOST_DIGITS = 18;

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
    int colon = text.indexOf(':');
    int digits = text.length() - colon - 1;
    if (colon < 1 || colon > LONGEST_EPOCH || digits < 1 || digits > MOST_DIGITS) {
      return null;
    }
    for (int i = 0; i < colon; i++) {
      if (!isOfEpoch(text.charAt(i))) {
        return null;
      }
    }
    long offset = 0;
    for (int i = colon + 1; i < text.length(); i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return null;
      }
      offset = offset * 10 + digit;
    }
    return new Cursor(text.substring(0, colon), offset);
  }

  private static boolean isOfEpoch(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '_'
        || c == '-';
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
