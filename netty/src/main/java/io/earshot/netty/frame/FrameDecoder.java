package io.earshot.netty.frame;

import io.earshot.netty.frame.Framing.Opcode;
import io.earshot.protocol.Request;
import io.earshot.protocol.RequestDecoder;
import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Decodes bytes to WebSocket messages, and messages to requests, as RFC 6455 defines it for a
 * server. The header of a frame is checked before memory is taken for its payload. A broken frame
 * ends the connection with its close code; a message that is no request is answered with an error,
 * and the connection lives.
 *
 * <p>Owned by the connection's event loop.
 */
public class FrameDecoder implements Inbound {

  /**
   * The most fragments of a message before its last, unless the longest message has more in pieces
   * of {@link #SMALL} bytes. More of them can only be meant to keep the server busy.
   */
  public static final int MAX_FRAGMENTS = 1024;

  private static final int SMALL = 64;

  private static final int NO_MESSAGE = -1;

  /**
   * How many bytes a ping counts as besides its own, for the client's rate limit: the answer costs
   * the server more than the ping costs the client.
   */
  private static final int PING_COST = 1024;

  final Intake intake;
  final int maxLength;

  /**
   * The opcode of the message whose fragments are being read, with the bits of extensions; or
   * {@link #NO_MESSAGE}.
   */
  private byte messageOpcode = NO_MESSAGE;

  private ByteBuf fragments = Unpooled.EMPTY_BUFFER;

  /** How many fragments followed the first, without the last; 65,535 at most. */
  private char continuations;

  private boolean closing;

  public FrameDecoder(Intake intake, int maxLength) {
    this.intake = intake;
    this.maxLength = maxLength;
  }

  @Override
  public final int bytes(ByteBuf in, int offset, int length) {
    int end = offset + length;
    int at = offset;
    while (at < end && !isOver()) {
      int consumed = frame(in, at, end - at);
      at += consumed;
      if (consumed == 0 || intake.isCongested()) {
        break;
      }
    }
    return isOver() ? length : at - offset;
  }

  private boolean isOver() {
    return closing || intake.isEnded();
  }

  @Override
  public final void closed(int unconsumed) {
    if (!closing) {
      intake.lost(Ending.protocolError("the stream ended without a close frame"));
    }
  }

  /** Reads one frame, and returns its length; 0 if it is incomplete or refused. */
  private int frame(ByteBuf in, int at, int available) {
    if (available < 2) {
      return 0;
    }
    int first = in.getUnsignedByte(at);
    int second = in.getUnsignedByte(at + 1);
    boolean last = (first & 0x80) != 0;
    int opcode = first & 0x7F; // with the bits of extensions
    int shortLength = second & 0x7F;
    @Nullable Ending broken = check(last, opcode, (second & 0x80) != 0, shortLength);
    if (broken != null) {
      intake.end(broken);
      return 0;
    }
    int header = shortLength < 126 ? 2 : shortLength == 126 ? 4 : 10;
    if (available < header) {
      return 0;
    }
    long length =
        switch (shortLength) {
          case 126 -> in.getUnsignedShort(at + 2);
          case 127 -> in.getLong(at + 2);
          default -> shortLength;
        };
    if ((shortLength == 126 && length < 126)
        || (shortLength == 127 && length >= 0 && length < 1 << 16)) {
      intake.end(Ending.protocolError("a length in more bytes than it needs"));
      return 0;
    }
    // A negative length is one of 2^63 and more.
    boolean control = (opcode & 0x0F) >= Opcode.CLOSE;
    if (length < 0
        || (!control
            && length
                > longest(messageOpcode == NO_MESSAGE ? opcode : messageOpcode)
                    - fragments.readableBytes())) {
      intake.refused(Refusal.FRAME);
      intake.end(Ending.tooBig(maxLength));
      return 0;
    }
    int payload = at + header + 4;
    int size = (int) length;
    if (available < header + 4 + size) {
      return 0;
    }
    unmask(in, payload, size, in.getInt(at + header));
    payload(in, payload, size, opcode, last);
    return header + 4 + size;
  }

  /** Whether an extension that was agreed on permits the reserved bits of a frame. */
  boolean isAgreed(int opcode) {
    return false;
  }

  /** The length of the longest message that is sent like this, in bytes. */
  int longest(int opcode) {
    return maxLength;
  }

  private @Nullable Ending check(boolean last, int opcode, boolean masked, int shortLength) {
    if (opcode > 0x0F && !isAgreed(opcode)) {
      return Ending.protocolError(
          "reserved bits are set, and no extension that uses them was agreed on");
    }
    if (!masked) {
      return Ending.protocolError("a client's frames are masked");
    }
    return switch (opcode & 0x0F) {
      case Opcode.CLOSE, Opcode.PING, Opcode.PONG ->
          last && shortLength < 126
              ? null
              : Ending.protocolError("a control frame is whole and has at most 125 bytes");
      case Opcode.CONTINUATION ->
          messageOpcode != NO_MESSAGE
              ? null
              : Ending.protocolError("nothing was begun that could be continued");
      case Opcode.TEXT, Opcode.BINARY ->
          messageOpcode == NO_MESSAGE
              ? null
              : Ending.protocolError("a message began inside another");
      default -> Ending.protocolError("opcode " + (opcode & 0x0F) + " is reserved");
    };
  }

  private static void unmask(ByteBuf in, int at, int size, int key) {
    int i = 0;
    for (; i + 8 <= size; i += 8) {
      in.setLong(at + i, in.getLong(at + i) ^ ((long) key << 32 | (key & 0xFFFFFFFFL)));
    }
    for (; i < size; i++) {
      in.setByte(at + i, in.getByte(at + i) ^ (key >>> (24 - 8 * (i & 3))));
    }
  }

  private void payload(ByteBuf in, int at, int size, int opcode, boolean last) {
    switch (opcode) {
      case Opcode.PING -> pong(in, at, size);
      case Opcode.PONG -> {} // the socket has noted that bytes came in
      case Opcode.CLOSE -> close(in, at, size);
      default -> data(in, at, size, opcode, last);
    }
  }

  private void data(ByteBuf in, int at, int size, int opcode, boolean last) {
    if (last && messageOpcode == NO_MESSAGE) {
      message(opcode, in, at, size);
      return;
    }
    if (messageOpcode == NO_MESSAGE) {
      messageOpcode = (byte) opcode;
      fragments = Unpooled.buffer(size);
      continuations = 0;
    } else if (!last && continuations == maxFragments() - 1) {
      intake.refused(Refusal.FRAGMENTS);
      intake.end(Ending.tooManyFragments(maxFragments()));
      return;
    } else if (!last) {
      continuations++;
    }
    fragments.writeBytes(in, at, size);
    if (last) {
      ByteBuf whole = fragments;
      int wholeOpcode = messageOpcode;
      fragments = Unpooled.EMPTY_BUFFER;
      messageOpcode = NO_MESSAGE;
      message(wholeOpcode, whole, 0, whole.readableBytes());
    }
  }

  private int maxFragments() {
    return Math.clamp(maxLength / SMALL, MAX_FRAGMENTS, 1 << 16);
  }

  /** Takes a whole message as it was sent. */
  void message(int opcode, ByteBuf in, int at, int size) {
    handle(opcode, in, at, size);
  }

  /** Takes a whole message. */
  void handle(int opcode, ByteBuf in, int at, int size) {
    if (opcode == Opcode.BINARY) {
      intake.handle(
          Request.malformed("Error: binary frames are not understood; send JSON in text frames"));
      return;
    }
    String text = Utf8.text(in, at, size);
    if (text == null) {
      intake.end(Ending.NOT_UTF8);
    } else {
      intake.handle(RequestDecoder.frame(text));
    }
  }

  private void pong(ByteBuf in, int at, int size) {
    intake.received(PING_COST);
    ByteBuf pong = ByteBufAllocator.DEFAULT.directBuffer(2 + size);
    try {
      Framing.header(Opcode.PONG, size, pong);
      intake.write(pong.writeBytes(in, at, size));
    } finally {
      pong.release();
    }
  }

  private void close(ByteBuf in, int at, int size) {
    if (size == 0) {
      closing(Framing.NO_CODE);
    } else if (size == 1 || !isCloseCode(in.getUnsignedShort(at))) {
      intake.end(Ending.protocolError("that is no close code"));
    } else if (Utf8.text(in, at + 2, size - 2) == null) {
      intake.end(Ending.NOT_UTF8);
    } else {
      closing(in.getUnsignedShort(at));
    }
  }

  /**
   * The client sent a close frame; its earlier requests are answered before the connection ends.
   */
  private void closing(int code) {
    closing = true;
    intake.inputEnded(Ending.closedByClient(code));
  }

  /** Whether an endpoint may send this code (RFC 6455, 7.4, and the registry that it began). */
  private static boolean isCloseCode(int code) {
    return (code >= 1000 && code <= 1003)
        || (code >= 1007 && code <= 1014)
        || (code >= 3000 && code <= 4999);
  }
}
