package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Where the messages begin that a client receives of a room that it enters.
 *
 * <p>Immutable.
 *
 * @param after the last position that the client knows: it receives the messages after it. Null for
 *     a client that knows none
 * @param history how many of the newest earlier messages the client receives if {@code after} does
 *     not lead to any; from 0 to {@link #MAX_HISTORY}
 */
public record Start(@Nullable Cursor after, int history) {

  /** The largest number of earlier messages that a client can ask for at once. */
  public static final int MAX_HISTORY = 1_000;

  /** Begins with the next message. */
  public static final Start LIVE = new Start(null, 0);

  /** The error for a number of earlier messages that is out of range. */
  public static final String INVALID_HISTORY = "history must be a number from 0 to " + MAX_HISTORY;

  /**
   * Begins after a position.
   *
   * @param after the last position that the client knows, or null
   * @return the start without earlier messages
   */
  public static Start after(@Nullable Cursor after) {
    return after == null ? LIVE : new Start(after, 0);
  }

  /**
   * Reads a number of messages.
   *
   * @param text decimal digits
   * @param least the smallest number
   * @return the number; -1 if it is not one from {@code least} to {@link #MAX_HISTORY}
   */
  public static int count(String text, int least) {
    int count = text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : -1;
    return count < least || count > MAX_HISTORY ? -1 : count;
  }
}
