package io.earshot.config;

import java.io.IOException;

/**
 * A file or folder that a setting names cannot be used: it is missing, or is not what the setting
 * needs. The message names the setting and says why.
 */
public final class SettingFileException extends IOException {
  /** Makes an exception with a message for the operator. */
  public SettingFileException(String message) {
    super(message);
  }

  /** Makes an exception with a message for the operator. */
  public SettingFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
