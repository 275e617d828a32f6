package io.earshot.protocol;

/** The rule for room names: 1 to 256 characters, and no control characters. */
public final class RoomName {

  /** The longest name, in characters. */
  public static final int MAX_LENGTH = 256;

  private RoomName() {}

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
