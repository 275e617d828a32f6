package io.earshot.spi;

/** The kinds of refusals that the server counts, by the limit that was exceeded. */
public enum Refusal {
  /** A connection: its address has too many. */
  CONNECTIONS("connections"),
  /** An HTTP request: its address sends too many. */
  HTTP_REQUESTS("httpRequests"),
  /** A request: its connection sends too many. */
  MESSAGES("messages"),
  /** A signal: its connection sends too many. */
  SIGNALS("signals"),
  /** Reading from a connection that sends too many bytes; it is paused for a while. */
  BYTES("bytes"),
  /** A message: clients send too many in its room. */
  ROOM_MESSAGES("roomMessages"),
  /** A message that is too long for its room. */
  ROOM_MESSAGE("roomMessageBytes"),
  /** A request of a banned client, a message of a muted client, or a join of a closed room. */
  BARRED("barred"),
  /** A join, message or listen that the rule of the room does not allow. */
  RULE("rules"),
  /** A request with a token that is not valid, or has expired. */
  TOKEN("tokens"),
  /** A join: the client is in too many rooms. */
  ROOMS("rooms"),
  /** A listen: the client listens to too many rooms. */
  LISTENS("listens"),
  /** A param: the client has too many, or the param is too long. */
  PARAMS("params"),
  /** An action: too many of the connection are pending. */
  PENDING_ACTIONS("pendingActions"),
  /** An action: too many run on this server. */
  RUNNING_ACTIONS("runningActions"),
  /** A line that is too long. */
  LINE("lines"),
  /** A WebSocket frame, or a message of several frames, that is too long. */
  FRAME("frames"),
  /** A WebSocket message of too many fragments. */
  FRAGMENTS("fragments"),
  /**
   * A request that cannot be parsed: not JSON, JSON too deep or too long, a name that is too long,
   * an unknown verb. A line that is too long counts here as well.
   */
  MALFORMED("malformed"),
  /** An HTTP request line or head that is too long. */
  HEADER("headers"),
  /** An HTTP body that is too long. */
  BODY("bodies"),
  /**
   * A handshake, a request, or the reading of its answer that takes too long; also an HTTP
   * connection without a request for too long.
   */
  DEADLINE("deadlines"),
  /** A connection whose client sends nothing for too long. */
  IDLE("idle"),
  /** A message queue for an HTTP client: there are too many. */
  WEB_CLIENTS("webClients"),
  /** An HTTP request that waits for a message: too many wait. */
  POLLS("polls");

  private final String key;

  Refusal(String key) {
    this.key = key;
  }

  /**
   * The name of the counter, as the action {@code status} shows it.
   *
   * @return a name in camel case
   */
  public String key() {
    return key;
  }
}
