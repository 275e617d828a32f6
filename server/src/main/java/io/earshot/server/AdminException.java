package io.earshot.server;

/** A running server did not do what a command asked for. The message tells the operator why. */
final class AdminException extends Exception {
  private static final long serialVersionUID = 1;

  private final boolean isUnreachable;

  private AdminException(String message, boolean isUnreachable) {
    super(message);
    this.isUnreachable = isUnreachable;
  }

  /** The server has refused the request, or the request cannot be sent. */
  static AdminException refused(String why) {
    return new AdminException(why, false);
  }

  /** No server answers. */
  static AdminException unreachable(String why) {
    return new AdminException(why, true);
  }

  /** Whether no server has answered. */
  boolean isUnreachable() {
    return isUnreachable;
  }
}
