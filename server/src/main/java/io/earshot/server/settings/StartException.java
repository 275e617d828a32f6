package io.earshot.server.settings;

import java.io.IOException;

/**
 * The server cannot start on this machine, although its settings are valid. The message tells the
 * operator why; the exit status is 1.
 */
public final class StartException extends Exception {
  /** Makes an exception with a message for the operator. */
  public StartException(String message) {
    super(message);
  }

  /** Makes an exception with a message for the operator. */
  public StartException(String message, IOException cause) {
    super(message, cause);
  }
}
