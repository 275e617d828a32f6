package io.earshot.spi;

/** What is refused to clients that want too much, each by a limit of its own. */
public enum Refusal {
  /** A connection, since its address has too many. */
  CONNECTIONS("connections"),
  /** An HTTP request, since its address sends too many. */
  HTTP_REQUESTS("httpRequests"),
  /** A request on a connection that sends too many. */
  MESSAGES("messages"),
  /** To be read on, for a while, on a connection that sends too many bytes. */
  BYTES("bytes"),
  /** A message in a room where clients say too many. */
  ROOM_MESSAGES("roomMessages"),
  /** A message that is too long for its room. */
  ROOM_MESSAGE("roomMessageBytes"),
  /** Anything to who is banned; to say something to who is muted; to join a room that is closed. */
  BARRED("barred"),
  /** To join, say or listen, by the rule of the room. */
  RULE("rules"),
  /** A token that is no good, or not any more. */
  TOKEN("tokens"),
  /** One more room to be in. */
  ROOMS("rooms"),
  /** One more room to listen to. */
  LISTENS("listens"),
  /** One more param, or a longer one. */
  PARAMS("params"),
  /** An action, since too many of the connection are pending. */
  PENDING_ACTIONS("pendingActions"),
  /** An action, since too many run on this server. */
  RUNNING_ACTIONS("runningActions"),
  /** A line that is too long. */
  LINE("lines"),
  /** A frame, or a message in several, that is too long. */
  FRAME("frames"),
  /** A message in too many fragments. */
  FRAGMENTS("fragments"),
  /**
   * A request that means nothing: no JSON, or JSON too deep or long, a name that is too long, a
   * verb that nobody knows. A line that is too long counts here as well.
   */
  MALFORMED("malformed"),
  /** An HTTP request line or head that is too long. */
  HEADER("headers"),
  /** An HTTP body that is too long. */
  BODY("bodies"),
  /**
   * More time for a handshake, a request, or the reading of its answer; and an HTTP connection that
   * asks nothing, after a while.
   */
  DEADLINE("deadlines"),
  /** More time for a client that gives no sign of life. */
  IDLE("idle"),
  /** A message queue for one more HTTP client. */
  WEB_CLIENTS("webClients"),
  /** One more HTTP request that waits for a message. */
  POLLS("polls");

  private final String key;

  Refusal(String key) {
    this.key = key;
  }

  /**
   * What counts of it are called.
   *
   * @return a name in camel case
   */
  public String key() {
    return key;
  }
}
