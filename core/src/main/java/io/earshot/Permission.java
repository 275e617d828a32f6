package io.earshot;

/** What somebody may do in a room. */
public enum Permission {
  /** Be in it, and so hear it. */
  JOIN,
  /** Say something there. */
  SAY,
  /** Hear it without being in it, or read what it told. */
  LISTEN
}
