package io.earshot.backend.http;

import java.io.IOException;

/** A back end did not answer, or not as it should. The message says why, without secrets. */
public final class BackEndException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /** There was no answer. */
  public BackEndException(String message) {
    this(message, 0);
  }

  /**
   * There was an answer.
   *
   * @param status its status; 0 for none
   */
  public BackEndException(String message, int status) {
    super(message);
    this.status = status;
  }

  /** The status of the answer; 0 if there was none. */
  public int status() {
    return status;
  }
}
