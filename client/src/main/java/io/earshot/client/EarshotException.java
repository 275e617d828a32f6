package io.earshot.client;

/** The server refused something, or cannot be reached. The message says why, in its words. */
public final class EarshotException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EarshotException(String message) {
    super(message);
  }

  EarshotException(String message, Throwable cause) {
    super(message, cause);
  }
}
