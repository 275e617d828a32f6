package io.earshot.netty.frame;

import io.earshot.netty.frame.Framing.Opcode;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.zip.DataFormatException;

/**
 * Decodes the frames of a client that may compress its messages (RFC 7692). The text of a
 * compressed message has the same limit as that of any other, and counts for the client's rate.
 *
 * <p>Owned by the connection's event loop.
 */
class InflatingDecoder extends FrameDecoder {
  private final LoopDeflate loop;

  InflatingDecoder(Intake intake, int maxLength, LoopDeflate loop) {
    super(intake, maxLength);
    this.loop = loop;
  }

  @Override
  boolean isAgreed(int opcode) {
    return opcode == (DeflateWire.COMPRESSED | Opcode.TEXT)
        || opcode == (DeflateWire.COMPRESSED | Opcode.BINARY);
  }

  /** A text that cannot be compressed becomes longer, by at most one bit for each eight. */
  @Override
  final int longest(int opcode) {
    return isCompressed(opcode) ? maxLength + maxLength / 8 + 64 : maxLength;
  }

  private static boolean isCompressed(int opcode) {
    return (opcode & DeflateWire.COMPRESSED) != 0;
  }

  @Override
  final void message(int opcode, ByteBuf in, int at, int size) {
    if (!isCompressed(opcode)) {
      handle(opcode, in, at, size);
      return;
    }
    int length;
    try {
      length = loop.inflate(in, at, size, maxLength);
    } catch (DataFormatException e) {
      intake.end(Ending.NOT_DEFLATE);
      return;
    }
    if (length < 0) {
      intake.refused(Refusal.FRAME);
      intake.end(Ending.tooBig(maxLength));
      return;
    }
    intake.received(Math.max(0, length - size));
    ByteBuf text = Unpooled.wrappedBuffer(loop.result(), 0, length);
    handle(opcode & ~DeflateWire.COMPRESSED, text, 0, length);
  }
}
