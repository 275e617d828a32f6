package io.earshot.client;

/** How a client stands with its server. */
public enum State {
  /** It is on its way there for the first time. */
  CONNECTING,
  /** It is there: what is said goes out at once. */
  OPEN,
  /** It was lost, and is coming back: what is said waits. */
  RECONNECTING,
  /** It is over. */
  CLOSED
}
