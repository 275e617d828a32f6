package io.earshot.spi;

import io.netty.buffer.ByteBuf;

/**
 * Where one connection's bytes come from: consumes what it can, returns how much. On the
 * connection's loop only.
 */
public interface Inbound {

  /**
   * Takes in bytes. What is not consumed is offered again, together with what comes next.
   *
   * @param in the buffer, borrowed
   * @param offset where the bytes begin in it
   * @param length how many there are
   * @return how many were consumed; fewer than there are when more are needed, or when the
   *     connection is congested
   */
  int bytes(ByteBuf in, int offset, int length);

  /**
   * The other side sends no more.
   *
   * @param unconsumed how many bytes of what was offered were left over
   */
  void closed(int unconsumed);
}
