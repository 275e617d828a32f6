package io.earshot;

/** A request is refused, and the client is told why. The message is fit for whoever asked. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Refuses a request.
   *
   * @param message why, in words for the client
   */
  public RefusedException(String message) {
    super(message, null, false, false);
  }

  /**
   * Its message as clients are told it.
   *
   * @return the message, which begins with {@code Error:}
   */
  public String words() {
    String message = String.valueOf(getMessage());
    return message.startsWith("Error: ") ? message : "Error: " + message;
  }
}
