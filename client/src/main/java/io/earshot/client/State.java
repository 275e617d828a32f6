package io.earshot.client;

/** The state of a client's connection to its server. */
public enum State {
  /** The client is connecting for the first time. */
  CONNECTING,
  /** The client is connected: requests are sent at once. */
  OPEN,
  /** The connection was lost, and the client is reconnecting: requests wait. */
  RECONNECTING,
  /** The client is closed, and stays so. */
  CLOSED
}
