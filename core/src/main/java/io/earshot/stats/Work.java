package io.earshot.stats;

/** The code of programs that a server runs for its clients. */
public enum Work {
  /** An action. */
  ACTION,
  /** A hook that decides about a new connection. */
  CONNECT_HOOK,
  /** A hook that decides about a join. */
  JOIN_HOOK,
  /** A hook that learns of a join. */
  JOINED_HOOK,
  /** A hook that decides about a message. */
  SAY_HOOK,
  /** A hook that learns that a message has its place. */
  SAID_HOOK,
  /** A hook that learns that a member has left. */
  LEAVE_HOOK
}
