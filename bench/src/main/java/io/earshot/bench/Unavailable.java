package io.earshot.bench;

import java.io.Serial;

/** A server cannot be had here; the message says why, and what would help. */
final class Unavailable extends Exception {
  @Serial private static final long serialVersionUID = 1;

  Unavailable(String why) {
    super(why);
  }
}
