package io.earshot.spi;

import io.earshot.stats.CloseReason;

/**
 * Why the server ends a connection. A WebSocket client reads both values from the close frame; on
 * other transports the reason alone is sent, where the transport can send one.
 *
 * <p>Immutable.
 *
 * @param code the WebSocket close code; one of {@link Code}, or the client's own code sent back
 * @param reason the reason as text; at most 123 bytes of UTF-8, the limit of a close frame
 */
public record Ending(int code, String reason) {

  /** The client, or the program that runs the server, asked for the end. */
  public static final Ending REQUESTED = new Ending(Code.NORMAL.number(), "request");

  /** The server stops. */
  public static final Ending SHUTDOWN = new Ending(Code.GOING_AWAY.number(), "server shutdown");

  /** The client sent nothing for too long. */
  public static final Ending IDLE = new Ending(Code.GOING_AWAY.number(), "idle for too long");

  /** Too many bytes wait for the client to read them. */
  public static final Ending BEHIND =
      new Ending(Code.BEHIND.number(), "too far behind; resume from your cursor");

  /** The client resumed its session on another connection. */
  public static final Ending RESUMED =
      new Ending(Code.RESUMED.number(), "resumed on another connection");

  /** A text was not UTF-8. */
  public static final Ending NOT_UTF8 =
      new Ending(Code.INVALID_TEXT.number(), "text that is not UTF-8");

  /** A compressed message was not the output of a compressor. */
  public static final Ending NOT_DEFLATE =
      new Ending(Code.INVALID_TEXT.number(), "a compressed message that cannot be decompressed");

  /** A fault of the server. */
  public static final Ending INTERNAL_ERROR =
      new Ending(Code.INTERNAL_ERROR.number(), "internal error");

  /** The close codes that the server sends. The page docs/protocol.md has the same table. */
  public enum Code {
    /**
     * The client ended the connection, or a program on the server did. A client does not reconnect.
     */
    NORMAL(1000, false),
    /**
     * The server stops, or the client was idle. A client reconnects; after a stop of the server, it
     * waits first for as long as the server said.
     */
    GOING_AWAY(1001, true),
    /** The client broke the WebSocket protocol. It has a bug; a repeat would end the same way. */
    PROTOCOL_ERROR(1002, false),
    /**
     * The client sent a text that is not UTF-8, or a compressed message that cannot be
     * decompressed. It has a bug; a repeat would end the same way.
     */
    INVALID_TEXT(1007, false),
    /**
     * The client is banned, a hook refused it, or its token is not valid. It reconnects with a new
     * token, or when the ban is over.
     */
    REFUSED(1008, false),
    /** A message was too long. A client reconnects, and does not send that message again. */
    TOO_BIG(1009, true),
    /** The server has a bug, and logged it. A client reconnects. */
    INTERNAL_ERROR(1011, true),
    /** The client resumed its session on another connection, which it uses instead. */
    RESUMED(4000, false),
    /** The client read too slowly. It reconnects, and resumes from its cursor. */
    BEHIND(4008, true);

    private final int number;
    private final boolean reconnect;

    Code(int number, boolean reconnect) {
      this.number = number;
      this.reconnect = reconnect;
    }

    /**
     * The number in a close frame.
     *
     * @return the close code, from 1000 to 4999
     */
    public int number() {
      return number;
    }

    /**
     * Whether a client that changed nothing should connect again.
     *
     * @return false if the next connection would be of no use, or would end the same way
     */
    public boolean reconnect() {
      return reconnect;
    }
  }

  /**
   * Whether the client should connect again by itself.
   *
   * @return {@link Code#reconnect} of the code; false for a code that only clients use
   */
  public boolean reconnect() {
    for (Code each : Code.values()) {
      if (each.number == code) {
        return each.reconnect;
      }
    }
    return false;
  }

  /**
   * The kind under which this ending is counted.
   *
   * @return the kind
   */
  public CloseReason closeReason() {
    if (reason.isEmpty() || equals(REQUESTED)) {
      return CloseReason.CLIENT; // a code that came from the client has no reason
    }
    for (Code each : Code.values()) {
      if (each.number == code) {
        return switch (each) {
          case NORMAL -> CloseReason.KICKED;
          case GOING_AWAY -> equals(IDLE) ? CloseReason.IDLE : CloseReason.SHUTDOWN;
          case PROTOCOL_ERROR, INVALID_TEXT, TOO_BIG -> CloseReason.PROTOCOL;
          case REFUSED -> CloseReason.REFUSED;
          case INTERNAL_ERROR -> CloseReason.ERROR;
          case RESUMED -> CloseReason.RESUMED;
          case BEHIND -> CloseReason.SLOW;
        };
      }
    }
    return CloseReason.CLIENT;
  }

  /**
   * The client broke the WebSocket protocol.
   *
   * @param what the rule that it broke
   * @return the ending
   */
  public static Ending protocolError(String what) {
    return new Ending(Code.PROTOCOL_ERROR.number(), what);
  }

  /**
   * A message was too long.
   *
   * @param limit the length of the longest message, in bytes
   * @return the ending
   */
  public static Ending tooBig(int limit) {
    return new Ending(Code.TOO_BIG.number(), "messages have at most " + limit + " bytes");
  }

  /**
   * A message had too many fragments.
   *
   * @param limit the most that are accepted
   * @return the ending
   */
  public static Ending tooManyFragments(int limit) {
    return new Ending(Code.TOO_BIG.number(), "a message has at most " + limit + " fragments");
  }

  /**
   * The server, or a program on it, closes the connection.
   *
   * @param reason the reason as text
   * @return the ending
   */
  public static Ending closed(String reason) {
    return new Ending(Code.NORMAL.number(), reason);
  }

  /**
   * The client is not permitted to be connected.
   *
   * @param reason the reason as text
   * @return the ending
   */
  public static Ending refused(String reason) {
    return new Ending(Code.REFUSED.number(), reason);
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
