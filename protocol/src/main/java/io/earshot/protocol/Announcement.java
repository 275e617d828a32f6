package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * A kind of message that the server publishes in a room about one of its members. The message's
 * {@code from} is the id of that member, and its field {@code type} is the {@link #type}. Only the
 * server sets that field, so a client that says the same text makes no announcement.
 *
 * <p>Immutable.
 */
public enum Announcement {
  /** The member has joined the room. */
  JOIN("join", "I have entered the room"),

  /** The member has left the room. */
  LEAVE("leave", "I have left the room");

  private final String type;
  private final String text;

  Announcement(String type, String text) {
    this.type = type;
    this.text = text;
  }

  /**
   * The value of the message's field {@code type}.
   *
   * @return {@code join} or {@code leave}
   */
  public String type() {
    return type;
  }

  /**
   * The content of the message.
   *
   * @return the text
   */
  public String text() {
    return text;
  }

  /**
   * Finds the kind with a {@link #type}.
   *
   * @param type the value of a field {@code type}, or null
   * @return the kind; null if there is none
   */
  public static @Nullable Announcement ofType(@Nullable String type) {
    for (Announcement each : values()) {
      if (each.type.equals(type)) {
        return each;
      }
    }
    return null;
  }
}
