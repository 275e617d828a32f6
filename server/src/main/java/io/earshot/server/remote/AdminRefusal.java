package io.earshot.server.remote;

import io.earshot.server.settings.StartException;

/** The server has answered, and did not do what was asked. */
final class AdminRefusal extends StartException {
  private final int status;

  AdminRefusal(int status, String why) {
    super(why);
    this.status = status;
  }

  /** Whether the same request may succeed later: too many requests, or a fault of the server. */
  boolean mayPass() {
    return status == 429 || status >= 500;
  }
}
