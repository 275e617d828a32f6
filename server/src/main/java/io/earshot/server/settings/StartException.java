package io.earshot.server.settings;

import java.io.IOException;

/**
 * A command, or the start of the server, fails although its settings are valid. The message tells
 * the operator why; the exit status is 1.
 */
public class StartException extends Exception {
  /** Makes an exception with a message for the operator. */
  public StartException(String message) {
    super(message);
  }

  /** Makes an exception with a message for the operator. */
  public StartException(String message, IOException cause) {
    super(message, cause);
  }
}
