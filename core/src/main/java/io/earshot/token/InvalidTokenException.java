package io.earshot.token;

/** A token is not accepted. The message says why, in words for the client. */
public final class InvalidTokenException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * A token is not accepted.
   *
   * @param message why, such as {@code this token expired 3 s ago}
   */
  public InvalidTokenException(String message) {
    super(message, null, false, false); // no stack trace: a token is input
  }

  /** Why, in words for the client. */
  public String words() {
    return String.valueOf(getMessage());
  }
}
