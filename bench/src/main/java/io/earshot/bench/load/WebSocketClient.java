package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.earshot.bench.work.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket client. A text is a frame; each ping is answered.
 *
 * <p>Owned by the generator's thread.
 */
class WebSocketClient extends Client {
  private static final int FIN = 0x80;
  private static final int COMPRESSED = 0x40;
  private static final int CONTINUATION = 0;
  private static final int MASKED = 0x80;
  private static final int TEXT = 1;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;
  private static final int LONGEST_CONTROL = 125;
  private static final int LENGTH_IN_TWO_BYTES = 126;
  private static final int LENGTH_IN_EIGHT_BYTES = 127;
  private static final int LONGEST_HEAD = 4096;

  private final byte[] key = new byte[4];

  private final StringBuilder answer = new StringBuilder();
  private boolean upgraded;

  /** Decompresses messages; null if compression was not negotiated. */
  private @Nullable MessageInflater inflater;

  // The state of the frame that is being read.
  private int headerRead;
  private boolean isLast;
  private boolean isCompressed;
  private int opcode;
  private int shortLength;
  private long frameLength;
  private long remaining;
  private byte[] control = {};

  WebSocketClient(Script script, Endpoint endpoint, DeliveryCounter deliveries) {
    super(script, endpoint, deliveries, Markers.REST_OF_MESSAGE);
    // One key for each client is enough: here it need not be secret, only not zero.
    new Random(endpoint.id()).nextBytes(key);
  }

  @Override
  void opened() {
    String request =
        "GET "
            + script().path()
            + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + (isCompressing()
                ? "Sec-WebSocket-Extensions: " + MessageInflater.EXTENSION + "\r\n\r\n"
                : "\r\n");
    send(ByteBuffer.wrap(request.getBytes(US_ASCII)));
  }

  private boolean isCompressing() {
    return endpoint().transport() == Transport.DEFLATE;
  }

  /** The handshake is done: frames can be sent. */
  void upgraded() {
    sendJoin();
  }

  /** A frame whose text is one byte has arrived. */
  void oneByteText(byte text) {}

  @Override
  final MessageTemplate framed(byte[] text) {
    return frame(TEXT, text);
  }

  private MessageTemplate frame(int type, byte[] payload) {
    int length = payload.length;
    ByteBuffer head = ByteBuffer.allocate(14).put((byte) (FIN | type));
    if (length < LENGTH_IN_TWO_BYTES) {
      head.put((byte) (MASKED | length));
    } else if (length < 1 << 16) {
      head.put((byte) (MASKED | LENGTH_IN_TWO_BYTES)).putShort((short) length);
    } else {
      head.put((byte) (MASKED | LENGTH_IN_EIGHT_BYTES)).putLong(length);
    }
    head.put(key).flip();
    return MessageTemplate.masked(Arrays.copyOf(head.array(), head.limit()), payload, key);
  }

  @Override
  final void received(ByteBuffer in) {
    try {
      readFrames(in);
    } catch (IOException e) {
      lose(String.valueOf(e.getMessage()));
    }
  }

  private void readFrames(ByteBuffer in) throws IOException {
    int at = upgraded ? in.position() : upgrade(in);
    int end = in.limit();
    while (at < end && !isLost()) {
      if (remaining == 0) {
        at = header(in, at, end);
      } else {
        int next = (int) Math.min(end, at + remaining);
        remaining -= next - at;
        if (opcode < CLOSE) {
          if (isCompressed && inflater != null) {
            inflater.inflate(in, at, next);
          } else {
            scan(in, at, next);
          }
        } else {
          in.get(at, control, (int) (frameLength - remaining) - (next - at), next - at);
        }
        if (remaining == 0) {
          endOfFrame(in.get(next - 1));
        }
        at = next;
      }
    }
  }

  /** Reads the answer to the handshake. Returns the position after it. */
  private int upgrade(ByteBuffer in) {
    int at = in.position();
    while (at < in.limit()) {
      char next = (char) (in.get(at) & 0xFF);
      at++;
      answer.append(next);
      if (next == '\n' && answer.indexOf("\r\n\r\n", answer.length() - 4) >= 0) {
        if (answer.indexOf(" 101 ") < 0) {
          lose("refused: " + answer.substring(0, answer.indexOf("\r")));
          return at;
        }
        upgraded = true;
        if (isCompressing()) {
          String head = answer.toString().toLowerCase(Locale.ROOT);
          if (!head.contains(MessageInflater.EXTENSION)) {
            lose("not compressed: the server did not accept " + MessageInflater.EXTENSION);
            return at;
          }
          inflater = new MessageInflater(this);
        }
        answer.setLength(0);
        answer.trimToSize();
        upgraded();
        return at;
      }
      if (answer.length() > LONGEST_HEAD) {
        lose("the answer to the handshake is longer than " + LONGEST_HEAD + " bytes");
        return at;
      }
    }
    return at;
  }

  /** Reads a frame's header, or a part of it. Returns the position after it. */
  private int header(ByteBuffer in, int from, int end) throws IOException {
    int first = in.get(from);
    // The usual case: a short text frame whose header is complete.
    if (headerRead == 0 && (first & 15) < CLOSE && end - from >= 4) {
      int length = in.get(from + 1) & 127;
      if (length > 0 && length <= LENGTH_IN_TWO_BYTES) {
        begin(first);
        frameLength =
            length < LENGTH_IN_TWO_BYTES
                ? length
                : (in.get(from + 2) & 0xFF) << 8 | (in.get(from + 3) & 0xFF);
        remaining = frameLength;
        return length < LENGTH_IN_TWO_BYTES ? from + 2 : from + 4;
      }
    }
    int at = from;
    do {
      headerByte(in.get(at) & 0xFF);
      at++;
    } while (headerRead > 0 && at < end);
    return at;
  }

  /** Reads the first byte of a frame. */
  private void begin(int first) {
    opcode = first & 15;
    isLast = (first & FIN) != 0;
    // The bit is set only in the first frame of a message. Control frames may be in between.
    if (opcode != CONTINUATION && opcode < CLOSE) {
      isCompressed = (first & COMPRESSED) != 0;
    }
  }

  private void headerByte(int next) throws IOException {
    switch (headerRead++) {
      case 0 -> begin(next);
      case 1 -> {
        shortLength = next & 127;
        frameLength = shortLength < LENGTH_IN_TWO_BYTES ? shortLength : 0;
      }
      default -> frameLength = frameLength << 8 | next;
    }
    int needed =
        switch (shortLength) {
          case LENGTH_IN_TWO_BYTES -> 4;
          case LENGTH_IN_EIGHT_BYTES -> 10;
          default -> 2;
        };
    if (headerRead >= 2 && headerRead == needed) {
      headerRead = 0;
      shortLength = 0;
      remaining = frameLength;
      if (opcode >= CLOSE) {
        if (frameLength > LONGEST_CONTROL) {
          lose("a control frame of " + frameLength + " bytes");
          return;
        }
        control = new byte[(int) frameLength];
      }
      if (remaining == 0) {
        endOfFrame((byte) 0);
      }
    }
  }

  private void endOfFrame(byte last) throws IOException {
    switch (opcode) {
      case PING -> send(frame(PONG, control).bytes());
      case CLOSE -> lose("the server closed the connection" + closeReason());
      default -> {
        if (isLast) {
          if (isCompressed && inflater != null) {
            inflater.endOfMessage();
          }
          messageEnded();
        }
        if (frameLength == 1) {
          oneByteText(last);
        }
      }
    }
  }

  @Override
  final void released() {
    if (inflater != null) {
      inflater.close();
      inflater = null;
    }
  }

  private String closeReason() {
    return control.length < 2
        ? ""
        : ": "
            + (((control[0] & 0xFF) << 8) | (control[1] & 0xFF))
            + " "
            + new String(control, 2, control.length - 2, US_ASCII);
  }
}
