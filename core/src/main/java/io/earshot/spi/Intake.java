package io.earshot.spi;

import io.earshot.protocol.Request;
import io.netty.buffer.ByteBuf;

/**
 * The core's side of one connection: takes the requests that {@link Inbound} decoded, and the
 * events of the socket. The core answers through {@link Outbound}. Called on the connection's event
 * loop only; does not block.
 */
public interface Intake {

  /**
   * Takes one request.
   *
   * @param request the request, or what was wrong with it
   */
  void handle(Request request);

  /**
   * Counts bytes that were read, before they are decoded.
   *
   * @param bytes the number of bytes
   * @return what {@link #isCongested} is now; if true, the transport keeps the bytes undecoded
   */
  boolean received(int bytes);

  /**
   * Counts a refusal of the transport.
   *
   * @param kind the limit that was exceeded
   */
  void refused(Refusal kind);

  /**
   * Whether the transport has to stop reading. The transport asks after each request; once the
   * answer is true, it reads again after {@link Outbound#resume}.
   *
   * @return true if enough requests are waiting
   */
  boolean isCongested();

  /**
   * Whether the connection has ended, so that the rest of its input is dropped.
   *
   * @return true from the end on
   */
  boolean isEnded();

  /**
   * Sends bytes of the transport itself, such as a pong. They count against the same limits as
   * messages do.
   *
   * @param framed the bytes, which the caller still owns
   */
  void write(ByteBuf framed);

  /** All pending bytes are with the operating system. */
  void drained();

  /**
   * The client will send no more, as its protocol announced. Its requests are answered, and then
   * the connection ends.
   *
   * @param why the ending after the answers
   */
  void inputEnded(Ending why);

  /**
   * The client will send no more, and its protocol did not announce that. Its requests are
   * answered; then the connection ends, or waits for the client to resume its session.
   *
   * @param why the ending after the answers
   */
  void lost(Ending why);

  /**
   * Ends the connection without waiting for requests under way.
   *
   * @param ending why
   */
  void end(Ending ending);

  /**
   * Answers the actions that run, tells the client why the connection ends, and ends it.
   *
   * @param ending why
   */
  void dismiss(Ending ending);

  /** The socket is closed. Idempotent. */
  void gone();
}
