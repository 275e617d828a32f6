package io.earshot.spi;

import io.earshot.protocol.Request;
import io.netty.buffer.ByteBuf;

/**
 * What a transport tells the connection that it carries. Called on the connection's own loop only.
 */
public interface Intake {

  /**
   * One request was read.
   *
   * @param request what was asked, or what was wrong
   */
  void handle(Request request);

  /**
   * So many bytes were read, whatever they may mean. {@link #isCongested} may say true from now on.
   *
   * @param bytes how many
   */
  void received(int bytes);

  /**
   * Counts something that the transport refuses.
   *
   * @param kind what it is
   */
  void refused(Refusal kind);

  /**
   * Whether to stop taking in. Asked after each request; once it says true, the transport waits for
   * {@link Outbound#resume}.
   *
   * @return true if enough is waiting
   */
  boolean isCongested();

  /**
   * Whether the connection is over, so that whatever is left of its input is of no use.
   *
   * @return true from its end on
   */
  boolean isEnded();

  /**
   * Sends bytes of the transport's own, such as a pong, under the same bounds as everything else.
   *
   * @param framed the bytes, borrowed
   */
  void write(ByteBuf framed);

  /** All that was pending is sent. */
  void drained();

  /**
   * The other side sends no more. What it asked for is answered, and then the connection ends.
   *
   * @param why how it then ends
   */
  void inputEnded(Ending why);

  /**
   * The other side sends no more, and has not said goodbye. What it asked for is answered; then the
   * connection ends, or waits a while for the other side to come back.
   *
   * @param why how it then ends
   */
  void lost(Ending why);

  /**
   * Ends the connection.
   *
   * @param ending why
   */
  void end(Ending ending);

  /**
   * Says goodbye and then ends the connection, once the actions that run are answered.
   *
   * @param ending why
   */
  void dismiss(Ending ending);

  /** The socket is gone. Idempotent. */
  void gone();
}
