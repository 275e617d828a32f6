package io.earshot.backend.hook;

import java.util.Locale;

/** What a back end is asked about. */
enum Event {
  /** A client connects. */
  CONNECT,
  /** A client joins a room, or listens to it. */
  JOIN,
  /** A client sends a message. */
  SAY,
  /** A client calls an action. */
  ACTION;

  /** The name in settings and requests. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
