package io.earshot;

/**
 * Refuses a request of a client. The client receives the exception's message, which must not
 * contain secrets. The exception has no stack trace, which makes it cheap.
 */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Refuses a request.
   *
   * @param message the reason, as the client is to read it
   */
  public RefusedException(String message) {
    super(message, null, false, false);
  }

  /**
   * The message in the form in which clients receive it.
   *
   * @return the message, with {@code Error:} put before it if it does not begin so
   */
  public String words() {
    String message = String.valueOf(getMessage());
    return message.startsWith("Error: ") ? message : "Error: " + message;
  }
}
