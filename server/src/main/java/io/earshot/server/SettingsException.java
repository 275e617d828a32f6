package io.earshot.server;

/** Somebody told the server what it cannot follow. The message is for them, and says what to do. */
final class SettingsException extends Exception {
  SettingsException(String message) {
    super(message);
  }
}
