package io.earshot.server.settings;

/**
 * A setting or an option is wrong. The message tells the operator what to change; the exit status
 * is 2.
 */
public final class SettingsException extends Exception {
  /** Makes an exception with a message for the operator. */
  public SettingsException(String message) {
    super(message);
  }
}
