package io.earshot.stats;

/** What each event loop counts on the path of messages since the start of the server. */
public enum Counter {
  /** Messages that rooms of the loop have delivered, each counted once for all members. */
  MESSAGES,
  /** Messages that were sent to members on the loop, each counted once for each member. */
  DELIVERIES,
  /** Messages that were left out for slow consumers, each counted once for each of them. */
  LEFT_OUT,
  /** Slow consumers that were disconnected. */
  CUT_OFF,
  /** Bytes that clients have sent, without those of TLS. */
  RECEIVED_BYTES,
  /** Bytes that were sent to clients, without those of TLS. */
  SENT_BYTES,
  /** HTTP requests that were answered, with a status below 400. */
  HTTP_SUCCESSES,
  /** HTTP requests that were answered with a status from 400 to 499. */
  HTTP_CLIENT_ERRORS,
  /** HTTP requests that were answered with a status from 500 on. */
  HTTP_SERVER_ERRORS
}
