package io.earshot.backend.http;

import java.io.IOException;

/** A back end did not answer, or not as it should. The message says why, without secrets. */
public final class BackEndException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  private enum Kind {
    /** There is no connection, or no answer in time. */
    AWAY,
    /** The connection ended before any part of an answer. The request may have arrived. */
    UNANSWERED,
    /** There is an answer, and it is not as it should be. */
    WRONG
  }

  private final Kind kind;
  private final int status;
  private final String retryAfter;

  /** An answer is not as it should be. */
  public BackEndException(String message) {
    this(message, Kind.WRONG, 0, "");
  }

  /**
   * An answer has a status that is not one of success.
   *
   * @param status its status
   * @param retryAfter its header {@code Retry-After}; empty without one
   */
  public BackEndException(String message, int status, String retryAfter) {
    this(message, isBusy(status) ? Kind.AWAY : Kind.WRONG, status, retryAfter);
  }

  private BackEndException(String message, Kind kind, int status, String retryAfter) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  static BackEndException away(String message) {
    return new BackEndException(message, Kind.AWAY, 0, "");
  }

  static BackEndException unanswered(String message) {
    return new BackEndException(message, Kind.UNANSWERED, 0, "");
  }

  /** The statuses of servers, and of proxies before them, that cannot work now. */
  private static boolean isBusy(int status) {
    return status == 429 || (status >= 502 && status <= 504);
  }

  /** The status of the answer; 0 if there was none. */
  public int status() {
    return status;
  }

  /** The header {@code Retry-After} of the answer, as it came; empty without one. */
  public String retryAfter() {
    return retryAfter;
  }

  /**
   * Whether the back end is away, or says that it is busy, so that other requests would fail as
   * well. Otherwise the cause may be this request alone.
   */
  public boolean isAway() {
    return kind != Kind.WRONG;
  }

  /**
   * Whether the connection ended before any part of an answer, as one does that stayed open for too
   * long. The request may have arrived.
   */
  public boolean isUnanswered() {
    return kind == Kind.UNANSWERED;
  }
}
