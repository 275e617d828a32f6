package io.earshot.spring;

import org.jspecify.annotations.Nullable;

/** The Earshot server of an application cannot start. The message says what to change. */
public final class EarshotStartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EarshotStartException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
