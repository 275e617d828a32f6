package io.earshot.spi;

/**
 * Why the server ends a connection. This is the table of all endings. A WebSocket client gets code
 * and reason in the close frame; the last message to a client on another transport says the reason.
 *
 * <table>
 * <caption>Endings by close code</caption>
 * <tr><th>code<th>cause<th>what the client should do
 * <tr><td>1000<td>the client asked to quit, or a program closed the connection<td>stay away
 * <tr><td>1001<td>the server stops, or the client was idle for too long<td>reconnect and resume
 * <tr><td>1002, 1007, 1009<td>the client broke the protocol or a limit<td>send something else:
 *     the same bytes end the next connection too
 * <tr><td>1008<td>the client may not be here, such as after a ban<td>stay away until the reason
 *     no longer holds
 * <tr><td>1011<td>a fault of the server<td>reconnect and resume
 * <tr><td>4000<td>the client resumed on another connection<td>stay away: it is connected
 * <tr><td>4008<td>the client reads too slowly<td>reconnect and resume from its cursor
 * </table>
 *
 * <p>Immutable.
 *
 * @param code the WebSocket close code
 * @param reason the reason in words; short, since a close frame holds 123 bytes
 */
public record Ending(int code, String reason) {

  /** The client asked to quit. */
  public static final Ending REQUESTED = new Ending(1000, "request");

  /** The server stops. */
  public static final Ending SHUTDOWN = new Ending(1001, "server shutdown");

  /** The client sent nothing for too long. */
  public static final Ending IDLE = new Ending(1001, "idle for too long");

  /** A text was not UTF-8. */
  public static final Ending NOT_UTF8 = new Ending(1007, "text that is not UTF-8");

  /** A fault of the server. */
  public static final Ending INTERNAL_ERROR = new Ending(1011, "internal error");

  /** The client resumed on another connection. */
  public static final Ending RESUMED = new Ending(4000, "resumed on another connection");

  /** The client reads too slowly, and its room disconnects slow consumers. */
  public static final Ending BEHIND = new Ending(4008, "too far behind; resume from your cursor");

  /**
   * The client broke the protocol.
   *
   * @param what how
   * @return the ending
   */
  public static Ending protocolError(String what) {
    return new Ending(1002, what);
  }

  /**
   * A message was too long.
   *
   * @param limit the longest that is accepted, in bytes
   * @return the ending
   */
  public static Ending tooBig(int limit) {
    return new Ending(1009, "messages have at most " + limit + " bytes");
  }

  /**
   * A message had too many fragments.
   *
   * @param limit the most that are accepted
   * @return the ending
   */
  public static Ending tooManyFragments(int limit) {
    return new Ending(1009, "a message has at most " + limit + " fragments");
  }

  /**
   * The client sent a close frame. The server answers with the same code.
   *
   * @param code the client's close code
   * @return the ending
   */
  public static Ending closedByClient(int code) {
    return new Ending(code, "");
  }
}
