package io.earshot.protocol;

/** What a room may be called: any text without control characters, neither empty nor too long. */
public final class RoomName {

  /** The longest name, in characters. */
  public static final int MAX_LENGTH = 256;

  private RoomName() {}

  /**
   * Whether a room may be called this.
   *
   * @param name the name
   * @return true if it may
   */
  public static boolean isValid(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_LENGTH
        && name.codePoints()
            .noneMatch(c -> Character.isISOControl(c) || (c >= 0xD800 && c <= 0xDFFF));
  }

  /** The error for a name that is not. */
  static final String INVALID =
      "Error: room names have 1 to " + MAX_LENGTH + " characters and no control characters";
}
