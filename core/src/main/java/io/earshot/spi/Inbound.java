package io.earshot.spi;

import io.netty.buffer.ByteBuf;

/**
 * The decoder of one connection: takes bytes from the socket, and gives whole requests to the
 * connection's {@link Intake}. Called on the connection's event loop only; must not block.
 */
public interface Inbound {

  /**
   * Takes bytes. Bytes that were not consumed are offered again, together with the next ones.
   *
   * @param in the buffer, which the caller still owns
   * @param offset the index of the first byte
   * @param length the number of bytes
   * @return how many bytes were consumed; fewer than {@code length} when a request is not complete,
   *     or the connection is congested
   */
  int bytes(ByteBuf in, int offset, int length);

  /**
   * The client will send no more bytes.
   *
   * @param unconsumed how many of the bytes offered last were not consumed
   */
  void closed(int unconsumed);
}
