package io.earshot;

import java.util.Locale;

/** What somebody may do in a room. */
public enum Permission {
  /** Be in it, and so hear it. */
  JOIN,
  /** Say something there. */
  SAY,
  /** Hear it without being in it, or read what it told. */
  LISTEN;

  /** Its name in rules and tokens. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
