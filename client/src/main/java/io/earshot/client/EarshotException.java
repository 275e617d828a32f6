package io.earshot.client;

/**
 * The server refused a request, did not answer it, or cannot be reached. The message says why; it
 * is the server's text if the server gave a reason.
 */
public final class EarshotException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EarshotException(String message) {
    super(message);
  }

  EarshotException(String message, Throwable cause) {
    super(message, cause);
  }
}
