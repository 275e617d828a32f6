package io.earshot.spi;

import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;

/** Where one connection's bytes go. Called on the connection's own loop only. */
public interface Outbound {

  /**
   * Where the other side is. Callable from any thread, also when it is closed.
   *
   * @return its address
   */
  SocketAddress remoteAddress();

  /**
   * Sends framed bytes, after all that were written before. May close the connection, and so end
   * it, before it returns.
   *
   * @param batch a direct buffer, borrowed: what is kept beyond the call has to be copied
   * @param offset where the bytes begin in it
   * @param length how many there are
   */
  void write(ByteBuf batch, int offset, int length);

  /**
   * How many bytes were written and are not with the operating system yet.
   *
   * @return the number of bytes; 0 when drained
   */
  int pendingBytes();

  /**
   * Goes on reading after {@link Intake#isCongested} stopped it. May hand over input before it
   * returns.
   */
  void resume();

  /** Closes once all that was written is sent, or after a short while. Idempotent. */
  void finish();

  /** Closes at once and drops what is not sent. Idempotent; may happen inside {@link #write}. */
  void close();
}
