package io.earshot.spi;

/**
 * Why a connection ends.
 *
 * @param code the WebSocket close code that says so
 * @param reason the same in words; short, since a close frame holds 123 bytes
 */
public record Ending(int code, String reason) {

  /** It was asked for. */
  public static final Ending REQUESTED = new Ending(1000, "request");

  /** The server stops; come back later. */
  public static final Ending SHUTDOWN = new Ending(1001, "server shutdown");

  /** Nothing came from the other side for too long; come back. */
  public static final Ending IDLE = new Ending(1001, "idle for too long");

  /** The client reads too slowly for what it is told. */
  public static final Ending BEHIND = new Ending(4008, "too far behind; resume from your cursor");

  /** The client is here again, on another connection. */
  public static final Ending RESUMED = new Ending(4000, "resumed on another connection");

  /** A text was not UTF-8. */
  public static final Ending NOT_UTF8 = new Ending(1007, "text that is not UTF-8");

  /**
   * The other side broke the protocol.
   *
   * @param what how
   * @return the ending
   */
  public static Ending protocolError(String what) {
    return new Ending(1002, what);
  }

  /**
   * A message was too long to be taken in.
   *
   * @param limit the longest that is, in bytes
   * @return the ending
   */
  public static Ending tooBig(int limit) {
    return new Ending(1009, "messages have at most " + limit + " bytes");
  }
}
