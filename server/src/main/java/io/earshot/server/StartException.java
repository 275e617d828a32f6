package io.earshot.server;

import java.io.IOException;

/** The machine does not let the server start. The message is for whoever started it. */
final class StartException extends Exception {
  StartException(String message) {
    super(message);
  }

  StartException(String message, IOException cause) {
    super(message, cause);
  }
}
