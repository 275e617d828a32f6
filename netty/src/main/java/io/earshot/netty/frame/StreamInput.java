package io.earshot.netty.frame;

import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.netty.buffer.ByteBuf;

/**
 * Reads the client of a stream: bytes are ignored, and the end of the input ends the connection.
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
