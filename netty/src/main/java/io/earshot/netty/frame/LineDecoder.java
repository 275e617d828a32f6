package io.earshot.netty.frame;

import io.earshot.protocol.Request;
import io.earshot.protocol.RequestDecoder;
import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import org.jspecify.annotations.Nullable;

/**
 * Decodes bytes to lines, and lines to requests. CRLF, LF and CR each end a line, also where a
 * packet ends between CR and LF; so does the CR NUL of a telnet client, whose sequences ({@link
 * Telnet}) are skipped. Bytes are decoded to text line by line, so that no character is cut. A line
 * that is too long is answered with one error and skipped to its end. A connection whose first line
 * belongs to another protocol ({@link ForeignGreeting}) gets one error, and nothing after it is
 * taken.
 *
 * <p>Owned by the connection's event loop.
 */
public final class LineDecoder implements Inbound {
  private static final byte CTRL_D = 0x04;

  /** Finds the end of a line, or a sequence of telnet. */
  private static final ByteProcessor LINE_END =
      b -> b != '\n' && b != '\r' && b != Telnet.IAC; // false ends the search

  /** The value of {@link #telnet} while the line has no sequences of telnet in it. */
  private static final byte NO_TELNET = 0;

  /** The value of {@link #telnet} if the line has to be taken without its sequences. */
  private static final byte HAS_SEQUENCES = 1;

  /** The value of {@link #telnet} if the line is no text, so that only its end is searched for. */
  private static final byte IS_NO_TEXT = 2;

  /** The value of {@link #emptyLines} after the first line. */
  private static final byte FIRST_IS_READ = -1;

  /** The value of {@link #emptyLines} if the client speaks another protocol. */
  private static final byte FIRST_IS_FOREIGN = -2;

  /** How many empty lines the header of the PROXY protocol, version 2, begins with. */
  private static final byte EMPTY_IN_PROXY = 2;

  private final Intake intake;
  private final int maxLength;

  /** How many bytes of the unfinished line were searched for its end. */
  private int searched;

  private boolean skipping;
  private boolean afterCr;

  /** What is known of the sequences of telnet in the unfinished line. */
  private byte telnet = NO_TELNET;

  /** How many empty lines came before the first line; negative after it. */
  private byte emptyLines;

  public LineDecoder(Intake intake, int maxLength) {
    this.intake = intake;
    this.maxLength = maxLength;
  }

  @Override
  public int bytes(ByteBuf in, int offset, int length) {
    int end = offset + length;
    int at = offset;
    while (at < end && !isOver()) {
      if (afterCr) {
        afterCr = false;
        byte second = in.getByte(at);
        if (second == '\n' || second == 0) {
          at++;
          continue;
        }
      }
      int from = at + searched;
      boolean onlyEnd = skipping || telnet == IS_NO_TEXT;
      int found = in.forEachByte(from, end - from, onlyEnd ? ByteProcessor.FIND_CRLF : LINE_END);
      if (found < 0) {
        return unfinished(in, at, end, end) - offset;
      }
      if (in.getByte(found) == Telnet.IAC) {
        int sequence = Telnet.length(in, found, end);
        if (sequence == Telnet.UNFINISHED) {
          return unfinished(in, at, found, end) - offset;
        } else if (sequence > 0 && Telnet.isInterrupt(in, found)) {
          searched = 0;
          telnet = NO_TELNET;
          quit();
          return length;
        } else if (sequence > 0 && found == at) {
          at += sequence;
        } else {
          telnet = sequence == Telnet.ENDLESS ? IS_NO_TEXT : HAS_SEQUENCES;
          searched = found + Math.max(sequence, 1) - at;
        }
        continue;
      }
      searched = 0;
      afterCr = in.getByte(found) == '\r';
      int start = at;
      at = found + 1;
      if (skipping) {
        skipping = false;
      } else {
        line(in, start, found - start);
        if (intake.isCongested()) {
          break;
        }
      }
    }
    return isOver() ? length : at - offset;
  }

  private boolean isOver() {
    return emptyLines == FIRST_IS_FOREIGN || intake.isEnded();
  }

  /**
   * Handles the bytes of an unfinished line, and returns the index after the consumed ones.
   *
   * @param to the index up to which the line was searched for its end
   */
  private int unfinished(ByteBuf in, int at, int to, int end) {
    int length = end - at;
    if (!skipping && length > maxLength) {
      skipping = true;
      telnet = NO_TELNET;
      tooLong(in, at, length);
    }
    if (skipping) {
      searched = 0;
      return end;
    }
    if (length == 1 && in.getByte(at) == CTRL_D) {
      quit();
      return end;
    }
    if (emptyLines >= 0 && isForeign(ForeignGreeting.ofBytes(in, at, length))) {
      return end;
    }
    searched = to - at;
    return at;
  }

  private void line(ByteBuf in, int start, int length) {
    boolean hasSequences = telnet == HAS_SEQUENCES;
    telnet = NO_TELNET;
    if (length == 0) {
      if (emptyLines >= 0 && emptyLines < Byte.MAX_VALUE) {
        emptyLines++;
      }
      return;
    }
    if (length > maxLength) {
      tooLong(in, start, length);
    } else if (hasSequences) {
      ByteBuf text = Telnet.without(in, start, length);
      line(text, 0, text.readableBytes());
    } else if (length == 1 && in.getByte(start) == CTRL_D) {
      quit();
    } else if (emptyLines < 0 || isRequest(in, start, length)) {
      emptyLines = FIRST_IS_READ;
      String text = Utf8.text(in, start, length);
      if (text == null) {
        intake.handle(Request.malformed("Error: the line is not valid UTF-8"));
      } else if (!text.isEmpty()) {
        intake.handle(RequestDecoder.line(text));
      }
    }
  }

  /** Whether the first line may be a request. If not, the connection is closed. */
  private boolean isRequest(ByteBuf in, int start, int length) {
    boolean isProxy = emptyLines == EMPTY_IN_PROXY && length == 1 && in.getByte(start) == 0;
    return !isForeign(isProxy ? ForeignGreeting.PROXY : ForeignGreeting.ofLine(in, start, length));
  }

  private boolean isForeign(@Nullable ForeignGreeting greeting) {
    if (greeting == null) {
      return false;
    }
    emptyLines = FIRST_IS_FOREIGN;
    intake.handle(Request.malformed(greeting.error()));
    intake.inputEnded(Ending.protocolError("the first line was of another protocol"));
    return true;
  }

  private void quit() {
    intake.handle(RequestDecoder.line("quit"));
  }

  private void tooLong(ByteBuf in, int start, int length) {
    intake.refused(Refusal.LINE);
    if (emptyLines >= 0) {
      emptyLines = FIRST_IS_READ;
      if (isForeign(ForeignGreeting.ofLongLine(in, start, length))) {
        return;
      }
    }
    intake.handle(Request.malformed("Error: lines have at most " + maxLength + " bytes"));
  }

  @Override
  public void closed(int unconsumed) {
    if (emptyLines == FIRST_IS_FOREIGN) {
      return;
    }
    if (unconsumed > 0) {
      // The line may be incomplete, so it is not executed.
      intake.handle(Request.malformed("Error: the last line has no line end, and was not taken"));
    }
    intake.lost(Ending.REQUESTED);
  }
}
