package io.earshot.stats;

/** Why connections end, in few kinds that can be counted. */
public enum CloseReason {
  /** The client ended the connection: it quit, sent a close frame, or shut its output down. */
  CLIENT,
  /** The connection broke, or the client left without saying so. */
  LOST,
  /** The client sent nothing for too long. An HTTP client fetched no messages for too long. */
  IDLE,
  /** The client read too slowly. */
  SLOW,
  /** The server stops. */
  SHUTDOWN,
  /** A program, a moderator or the admin API closed the connection. */
  KICKED,
  /** The client may not be connected: a ban, a hook, or a token that is not valid any more. */
  REFUSED,
  /** The client resumed its session on another connection. */
  RESUMED,
  /** The client broke the protocol, or sent too much at once. */
  PROTOCOL,
  /** A fault of the server, which is in the log. */
  ERROR
}
