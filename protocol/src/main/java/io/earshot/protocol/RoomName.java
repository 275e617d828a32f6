package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * The rule for room names: 1 to 256 characters, and no control characters. Names that begin with
 * {@code @} are reserved: {@code @ID} is the inbox of the user ID.
 */
public final class RoomName {

  /** The longest name, in characters. */
  public static final int MAX_LENGTH = 256;

  /** The prefix of the names of inboxes. */
  public static final String INBOX = "@";

  private RoomName() {}

  /**
   * Whether a room is the inbox of a user. Nobody can join it, and only that user's connections
   * listen to it.
   *
   * @param name the room's name
   * @return true if it is an inbox
   */
  public static boolean isInbox(String name) {
    return name.startsWith(INBOX);
  }

  /**
   * The inbox of a user.
   *
   * @param user the user; null for an anonymous client
   * @return the room's name; null for an anonymous client, or if the user's id is no part of a
   *     valid name
   */
  public static @Nullable String inboxOf(@Nullable User user) {
    String name = user == null ? "" : INBOX + user.id();
    return isValid(name) ? name : null;
  }

  /**
   * Whether a name is valid for a room.
   *
   * @param name the name
   * @return true if it is valid
   */
  public static boolean isValid(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_LENGTH
        && name.codePoints()
            .noneMatch(c -> Character.isISOControl(c) || (c >= 0xD800 && c <= 0xDFFF));
  }

  /** The error for a name that is not valid. */
  static final String INVALID =
      "Error: room names have 1 to " + MAX_LENGTH + " characters and no control characters";
}
