package io.earshot.netty.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * The sequences that a telnet client sends between the characters of a line (RFC 854). They begin
 * with a byte that no UTF-8 text contains. The server answers none of them, so each option stays
 * off.
 */
final class Telnet {
  /** Interpret as command: begins each sequence. */
  static final byte IAC = (byte) 0xFF;

  /** The sequence is not complete. */
  static final int UNFINISHED = -1;

  /** No sequence: the byte is part of a text that is not UTF-8. */
  static final int NONE = 0;

  /**
   * The sequence has no end within {@link #LONGEST} bytes. The line that it begins in is no text.
   */
  static final int ENDLESS = -2;

  /** The length of the longest subnegotiation. No client has a reason to send a longer one. */
  private static final int LONGEST = 256;

  private static final int SE = 0xF0;
  private static final int INTERRUPT = 0xF4;
  private static final int SB = 0xFA;

  private Telnet() {}

  /**
   * The length of a sequence.
   *
   * @param at the index of its first byte, which is {@link #IAC}
   * @return its length in bytes, or {@link #UNFINISHED}, {@link #NONE} or {@link #ENDLESS}
   */
  static int length(ByteBuf in, int at, int end) {
    if (at + 1 >= end) {
      return UNFINISHED;
    }
    int command = in.getUnsignedByte(at + 1);
    if (command < SE || command == 0xFF) {
      return NONE;
    }
    if (command < SB) {
      return 2;
    }
    if (at + 2 >= end) {
      return UNFINISHED;
    }
    if (command != SB) {
      // WILL, WONT, DO or DONT, and an option. No option has the number of a line end.
      byte option = in.getByte(at + 2);
      return option == '\r' || option == '\n' ? NONE : 3;
    }
    int last = Math.min(end, at + LONGEST);
    for (int i = at + 2; i + 1 < last; i++) {
      if (in.getByte(i) == IAC) {
        if (in.getUnsignedByte(i + 1) == SE) {
          return i + 2 - at;
        }
        i++; // a byte of the same value, which is written twice
      }
    }
    return end - at < LONGEST ? UNFINISHED : ENDLESS;
  }

  /** Whether a sequence is sent for ctrl-C. */
  static boolean isInterrupt(ByteBuf in, int at) {
    return in.getUnsignedByte(at + 1) == INTERRUPT;
  }

  /** A line without its sequences. */
  static ByteBuf without(ByteBuf in, int at, int length) {
    ByteBuf text = Unpooled.buffer(length);
    int end = at + length;
    for (int i = at; i < end; ) {
      int sequence = in.getByte(i) == IAC ? length(in, i, end) : NONE;
      if (sequence > 0) {
        i += sequence;
      } else {
        text.writeByte(in.getByte(i++));
      }
    }
    return text;
  }
}
