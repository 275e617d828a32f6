package io.earshot.bench.peer;

import java.io.Serial;

/** A server cannot run on this machine. The message says why, and what would help. */
public final class UnavailableException extends Exception {
  @Serial private static final long serialVersionUID = 1;

  UnavailableException(String why) {
    super(why);
  }
}
