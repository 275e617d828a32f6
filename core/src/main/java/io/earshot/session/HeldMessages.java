package io.earshot.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Messages of rooms that wait until the client has the answer that says where they begin.
 *
 * <p>Owned by the connection's event loop.
 */
abstract sealed class HeldMessages permits Opening, Resumption {
  private @Nullable ByteBuf held;

  /** Holds messages back from now on. */
  final void beginHolding() {
    held = Unpooled.buffer(); // on the heap, since a connection may end before the answer
  }

  final boolean isHolding() {
    return held != null;
  }

  /** Holds bytes back, and returns how many are held. */
  final int hold(ByteBuf bytes, int offset, int length) {
    if (held == null) {
      throw new IllegalStateException("nothing is held back");
    }
    held.writeBytes(bytes, offset, length);
    return held.readableBytes();
  }

  /** Holds nothing back from now on, and returns what was held; null for nothing. */
  final @Nullable ByteBuf takeHeld() {
    ByteBuf all = held;
    held = null;
    return all;
  }
}
