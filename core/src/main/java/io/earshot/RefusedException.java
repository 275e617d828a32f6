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
}
