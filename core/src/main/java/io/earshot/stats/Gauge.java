package io.earshot.stats;

/** What each event loop tells about its present state. */
public enum Gauge {
  /** Rooms of the loop that have members or listeners. */
  ROOMS,
  /** Bytes of messages that the rooms of the loop remember. */
  HISTORY_BYTES,
  /** Bytes that wait for clients of the loop to read them; taken once a second. */
  BACKLOG_BYTES,
  /** Clients of the loop for which bytes wait; taken once a second. */
  BACKLOGGED_CLIENTS,
  /**
   * How late the loop was with the task that is due each second, or with one submitted then, in
   * nanoseconds. A loop that is healthy has a few milliseconds at most.
   */
  LAG_NANOS,
  /** Rooms of the loop that wait to read missing messages from the broker, or do so. */
  CATCH_UPS
}
