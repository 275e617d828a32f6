package io.earshot.netty.frame;

import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.netty.buffer.ByteBuf;

/**
 * What a client sends to which a stream was promised: nothing that means anything, and the end,
 * after which it is gone.
 *
 * <p>Immutable.
 */
public record StreamInput(Intake intake) implements Inbound {

  @Override
  public int bytes(ByteBuf in, int offset, int length) {
    return length;
  }

  @Override
  public void closed(int unconsumed) {
    intake.inputEnded(Ending.REQUESTED);
  }
}
