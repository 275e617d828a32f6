package io.earshot.netty.frame;

import io.earshot.protocol.Request;
import io.earshot.protocol.RequestDecoder;
import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.ByteProcessor;

/**
 * Decodes bytes to lines, and lines to requests. CRLF, LF and CR each end a line, also where a
 * packet ends between CR and LF. Bytes are decoded to text line by line, so that no character is
 * cut. A line that is too long is answered with one error and skipped to its end.
 *
 * <p>Owned by the connection's event loop.
 */
public final class LineDecoder implements Inbound {

  /** The bytes that telnet sends for ctrl-C: interrupt process, and a timing mark. */
  private static final byte[] CTRL_C = {(byte) 0xFF, (byte) 0xF4, (byte) 0xFF, (byte) 0xFD, 0x06};

  private static final byte CTRL_D = 0x04;

  private final Intake intake;
  private final int maxLength;

  /** How many bytes of the unfinished line were searched for its end. */
  private int searched;

  private boolean skipping;
  private boolean afterCr;

  public LineDecoder(Intake intake, int maxLength) {
    this.intake = intake;
    this.maxLength = maxLength;
  }

  @Override
  public int bytes(ByteBuf in, int offset, int length) {
    int end = offset + length;
    int at = offset;
    while (at < end && !intake.isEnded()) {
      if (afterCr) {
        afterCr = false;
        if (in.getByte(at) == '\n') {
          at++;
          continue;
        }
      }
      int from = at + searched;
      int lineEnd = in.forEachByte(from, end - from, ByteProcessor.FIND_CRLF);
      if (lineEnd < 0) {
        return unfinished(in, at, end) - offset;
      }
      searched = 0;
      afterCr = in.getByte(lineEnd) == '\r';
      int start = at;
      at = lineEnd + 1;
      if (skipping) {
        skipping = false;
      } else {
        line(in, start, lineEnd - start);
        if (intake.isCongested()) {
          break;
        }
      }
    }
    return intake.isEnded() ? length : at - offset;
  }

  /** Handles the bytes of an unfinished line, and returns the index after the consumed ones. */
  private int unfinished(ByteBuf in, int at, int end) {
    int length = end - at;
    if (!skipping && length > maxLength) {
      skipping = true;
      tooLong();
    }
    if (skipping) {
      searched = 0;
      return end;
    }
    if (isBreak(in, at, length) || endsWithCtrlC(in, end, length)) {
      quit();
      return end;
    }
    searched = length;
    return at;
  }

  private void line(ByteBuf in, int start, int length) {
    if (length == 0) {
      return;
    }
    if (length > maxLength) {
      tooLong();
    } else if (isBreak(in, start, length)) {
      quit();
    } else {
      String text = Framing.text(in, start, length);
      intake.handle(
          text == null
              ? Request.malformed("Error: the line is not valid UTF-8")
              : RequestDecoder.line(text));
    }
  }

  /** Whether a line, finished or not, is ctrl-C or ctrl-D typed at a terminal. */
  private static boolean isBreak(ByteBuf in, int start, int length) {
    return length == 1 ? in.getByte(start) == CTRL_D : isCtrlC(in, start, length);
  }

  /** Whether an unfinished line ends with ctrl-C. */
  private static boolean endsWithCtrlC(ByteBuf in, int end, int length) {
    return isCtrlC(in, end - CTRL_C.length, length);
  }

  private static boolean isCtrlC(ByteBuf in, int start, int length) {
    return length >= CTRL_C.length
        && in.slice(start, CTRL_C.length).equals(Unpooled.wrappedBuffer(CTRL_C));
  }

  private void quit() {
    intake.handle(RequestDecoder.line("quit"));
  }

  private void tooLong() {
    intake.refused(Refusal.LINE);
    intake.handle(Request.malformed("Error: lines have at most " + maxLength + " bytes"));
  }

  @Override
  public void closed(int unconsumed) {
    if (unconsumed > 0) {
      // The line may be incomplete, so it is not executed.
      intake.handle(Request.malformed("Error: the last line has no line end, and was not taken"));
    }
    intake.lost(Ending.REQUESTED);
  }
}
