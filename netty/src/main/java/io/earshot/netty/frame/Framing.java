package io.earshot.netty.frame;

import io.earshot.protocol.Cursor;
import io.earshot.spi.Ending;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The formats in which JSON is written to a socket.
 *
 * <p>Immutable.
 */
public enum Framing implements Wire {

  /** One JSON document per line, ended by CRLF. */
  LINES {
    @Override
    public void frame(byte[] json, @Nullable Cursor place, ByteBuf out) {
      out.writeBytes(json).writeShort('\r' << 8 | '\n');
    }

    @Override
    public void end(Ending ending, ByteBuf out) {
      // The last JSON document says the reason, and the stream ends.
    }

    @Override
    void ping(ByteBuf out) {
      // Any bytes would be a message to the client.
    }
  },

  /** One JSON document per WebSocket text frame (RFC 6455). */
  FRAMES {
    @Override
    public void frame(byte[] json, @Nullable Cursor place, ByteBuf out) {
      header(Opcode.TEXT, json.length, out);
      out.writeBytes(json);
    }

    @Override
    public void end(Ending ending, ByteBuf out) {
      if (ending.code() == NO_CODE) {
        header(Opcode.CLOSE, 0, out);
        return;
      }
      byte[] reason = ending.reason().getBytes(StandardCharsets.UTF_8);
      int length = Math.min(reason.length, MAX_REASON);
      while (length > 0 && length < reason.length && (reason[length] & 0xC0) == 0x80) {
        length--; // do not cut a character
      }
      header(Opcode.CLOSE, 2 + length, out);
      out.writeShort(ending.code()).writeBytes(reason, 0, length);
    }

    @Override
    void ping(ByteBuf out) {
      header(Opcode.PING, 0, out);
    }
  },

  /**
   * Server-sent events (WHATWG HTML, 9.2). The event id of a message is its cursor, which a client
   * sends when it reconnects; a message of the inbox has none. The welcome, signals and notices are
   * named events.
   */
  EVENTS {
    @Override
    public void frame(byte[] json, @Nullable Cursor place, ByteBuf out) {
      event(place == null ? "event: notice\n" : "id: " + place + "\n", json, out);
    }

    @Override
    public void inbox(byte[] json, ByteBuf out) {
      event("", json, out);
    }

    @Override
    public void signal(byte[] json, ByteBuf out) {
      event("event: signal\n", json, out);
    }

    @Override
    public void welcome(byte[] json, @Nullable Cursor known, ByteBuf out) {
      event("event: welcome\n" + (known == null ? "" : "id: " + known + "\n"), json, out);
    }

    @Override
    public void reconnectAfter(long millis, ByteBuf out) {
      out.writeCharSequence("retry: " + millis + "\n", StandardCharsets.US_ASCII);
    }

    private void event(String fields, byte[] json, ByteBuf out) {
      out.writeCharSequence(fields + "data: ", StandardCharsets.US_ASCII);
      out.writeBytes(json).writeShort('\n' << 8 | '\n');
    }

    @Override
    public void end(Ending ending, ByteBuf out) {
      // The last event says the reason.
    }

    @Override
    void ping(ByteBuf out) {
      out.writeCharSequence(": ping\n\n", StandardCharsets.US_ASCII);
    }
  },

  /** One JSON document per line, ended by LF (NDJSON). */
  JSON_LINES {
    @Override
    public void frame(byte[] json, @Nullable Cursor place, ByteBuf out) {
      out.writeBytes(json).writeByte('\n');
    }

    @Override
    public void end(Ending ending, ByteBuf out) {
      // The last line says the reason.
    }

    @Override
    void ping(ByteBuf out) {
      out.writeByte('\n');
    }
  };

  /** Appends a ping, which clients ignore or answer by themselves. */
  abstract void ping(ByteBuf out);

  /** The code of a close frame without a code; never on the wire (RFC 6455, 7.4.1). */
  static final int NO_CODE = 1005;

  private static final int MAX_REASON = 123;

  /** The opcodes of WebSocket frames (RFC 6455, 5.2). */
  static final class Opcode {
    static final int CONTINUATION = 0;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    private Opcode() {}
  }

  /** Appends the header of an unmasked frame that holds a whole message. */
  static void header(int opcode, int length, ByteBuf out) {
    out.writeByte(0x80 | opcode);
    if (length < 126) {
      out.writeByte(length);
    } else if (length < 1 << 16) {
      out.writeByte(126).writeShort(length);
    } else {
      out.writeByte(127).writeLong(length);
    }
  }
}
