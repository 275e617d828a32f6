package io.earshot.spi;

import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;

/**
 * The socket of one connection, as the core writes to it. Called on the connection's event loop
 * only, {@link #remoteAddress} excepted. No method blocks. A socket that fails closes itself and
 * calls {@link Intake#gone}; methods called later have no effect.
 */
public interface Outbound {

  /**
   * The client's address. Callable from any thread, also after the socket was closed.
   *
   * @return the address
   */
  SocketAddress remoteAddress();

  /**
   * Sends framed bytes after all bytes written before. May close the socket, and so end the
   * connection, before it returns.
   *
   * @param batch a direct buffer, which the caller still owns: bytes kept beyond the call are
   *     copied
   * @param offset the index of the first byte
   * @param length the number of bytes
   */
  void write(ByteBuf batch, int offset, int length);

  /**
   * Sends framed bytes after all bytes written before: in one call with those that are written next
   * in this turn of the loop, at the latest at its end. For answers, whose client often receives
   * messages in the same turn.
   *
   * @param framed a direct buffer, which belongs to this object from now on
   */
  default void writeSoon(ByteBuf framed) {
    try {
      write(framed, framed.readerIndex(), framed.readableBytes());
    } finally {
      framed.release();
    }
  }

  /**
   * How many written bytes the operating system has not taken yet, besides those that wait for the
   * end of the turn.
   *
   * @return the number of bytes; 0 when drained
   */
  int pendingBytes();

  /**
   * Reads again after {@link Intake#isCongested} stopped it. May hand over input before it returns.
   */
  void resume();

  /** Closes the socket when all written bytes are sent, or after a short while. Idempotent. */
  void finish();

  /**
   * Closes the socket at once, and drops the bytes that are not sent. Idempotent; may happen inside
   * {@link #write}.
   */
  void close();
}
