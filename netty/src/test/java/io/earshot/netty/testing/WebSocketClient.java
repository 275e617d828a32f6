package io.earshot.netty.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/** A client that speaks WebSocket, frame by frame, and as wrongly as it is told to. */
public final class WebSocketClient extends Client {
  public static final int TEXT = 0x81;
  public static final int CLOSE = 0x88;
  public static final int PING = 0x89;
  public static final int PONG = 0x8A;

  /** A frame as it came: its first byte and its payload. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Frame(int first, byte[] payload) {
    public String text() {
      return new String(payload, StandardCharsets.UTF_8);
    }

    public int closeCode() {
      return payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xFFFF;
    }
  }

  /** An offer as browsers make it. */
  public static final String DEFLATE = "permessage-deflate; client_max_window_bits";

  private static final int COMPRESSED = 0x40;
  private static final Pattern EXTENSION =
      Pattern.compile("(?i)\r\nsec-websocket-extensions: (.*)\r\n");

  /** What the server accepted of the offer of compression; empty for nothing. */
  private String extension = "";

  private final Inflater inflater = new Inflater(true);
  private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);

  /** How many frames came that were compressed. */
  public int compressed;

  private WebSocketClient(int port, @Nullable Pair pair) {
    super(port, pair);
  }

  /**
   * A client that has offered extensions, and not read its welcome.
   *
   * @param offer the value of Sec-WebSocket-Extensions
   */
  public static WebSocketClient offering(int port, @Nullable Pair pair, String offer) {
    var client = new WebSocketClient(port, pair);
    client.text(handshake("/", "Sec-WebSocket-Extensions: " + offer + "\r\n"));
    String head = client.head();
    if (!head.startsWith("HTTP/1.1 101 ")) {
      throw new AssertionError("no handshake: " + head);
    }
    Matcher accepted = EXTENSION.matcher(head);
    client.extension = accepted.find() ? accepted.group(1) : "";
    return client;
  }

  /** What the server accepted of the offer of compression; empty for nothing. */
  public String extension() {
    return extension;
  }

  /** Compresses as a client does that makes each message by itself. */
  public byte[] deflated(byte... text) {
    deflater.reset();
    deflater.setInput(text);
    byte[] out = new byte[text.length + text.length / 8 + 64];
    int length = deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
    return Arrays.copyOf(out, length - 4);
  }

  /** Sends a message in one compressed frame. */
  public void sendCompressed(String request) {
    frame(TEXT | COMPRESSED, deflated(request.getBytes(StandardCharsets.UTF_8)));
  }

  private byte[] inflated(byte... payload) {
    try {
      var out = new ByteArrayOutputStream();
      byte[] some = new byte[8192];
      if (extension.contains("server_no_context_takeover")) {
        inflater.reset();
      }
      byte[] all = Arrays.copyOf(payload, payload.length + 4);
      all[all.length - 2] = (byte) 0xFF;
      all[all.length - 1] = (byte) 0xFF;
      inflater.setInput(all);
      for (int n = inflater.inflate(some); n > 0; n = inflater.inflate(some)) {
        out.write(some, 0, n);
      }
      if (inflater.getRemaining() > 0) {
        throw new AssertionError("bytes follow the message");
      }
      return out.toByteArray();
    } catch (DataFormatException e) {
      throw new AssertionError("a frame cannot be decompressed", e);
    }
  }

  public static String handshake(String path, String... headers) {
    return "GET "
        + path
        + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        + String.join("", headers)
        + "\r\n";
  }

  /** A client that has shaken hands, and not read its welcome. */
  static WebSocketClient open(int port) {
    return open(port, null);
  }

  public static WebSocketClient open(int port, @Nullable Pair pair) {
    var client = new WebSocketClient(port, pair);
    client.text(handshake("/"));
    String head = client.head();
    if (!head.startsWith("HTTP/1.1 101 ")
        || !head.toLowerCase(Locale.ROOT)
            .contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=")) {
      throw new AssertionError("no handshake: " + head);
    }
    return client;
  }

  /** A client that has sent nothing yet. */
  public static WebSocketClient raw(int port) {
    return raw(port, null);
  }

  static WebSocketClient raw(int port, @Nullable Pair pair) {
    return new WebSocketClient(port, pair);
  }

  /** A client that has read its welcome. */
  public static WebSocketClient welcomed(int port) {
    return welcomed(port, null);
  }

  public static WebSocketClient welcomed(int port, @Nullable Pair pair) {
    return open(port, pair).welcome();
  }

  /** Reads the welcome. */
  public WebSocketClient welcome() {
    if (!reply().startsWith("{\"welcome\"")) {
      throw new AssertionError("no welcome");
    }
    return this;
  }

  /** The head of an HTTP response. */
  public String head() {
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = read();
      if (b < 0) {
        throw new AssertionError("the stream ended in the head: " + head);
      }
      head.append((char) b);
    }
    return head.toString();
  }

  @Override
  public void send(String request) {
    frame(TEXT, request.getBytes(StandardCharsets.UTF_8));
  }

  /** Sends a masked frame. */
  public void frame(int first, byte... payload) {
    bytes(encode(first, payload));
  }

  public static byte[] encode(int first, byte... payload) {
    var out = new ByteArrayOutputStream();
    out.write(first);
    if (payload.length < 126) {
      out.write(0x80 | payload.length);
    } else if (payload.length < 1 << 16) {
      out.write(0x80 | 126);
      out.write(payload.length >>> 8);
      out.write(payload.length);
    } else {
      out.write(0x80 | 127);
      out.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
    }
    byte[] mask = {0x12, (byte) 0x9A, 0x00, (byte) 0xFF};
    out.writeBytes(mask);
    for (int i = 0; i < payload.length; i++) {
      out.write(payload[i] ^ mask[i & 3]);
    }
    return out.toByteArray();
  }

  /** The next frame, decompressed; null at the end of the stream. */
  public @Nullable Frame nextFrame() {
    Frame frame = rawFrame();
    if (frame == null || extension.isEmpty() || (frame.first & COMPRESSED) == 0) {
      return frame;
    }
    compressed++;
    return new Frame(frame.first & ~COMPRESSED, inflated(frame.payload));
  }

  /** The next frame as it came; null at the end of the stream. */
  public @Nullable Frame rawFrame() {
    int first = read();
    if (first < 0) {
      return null;
    }
    long length = read();
    if (length == 126) {
      length = (long) read() << 8 | read();
    } else if (length == 127) {
      length = 0;
      for (int i = 0; i < 8; i++) {
        length = length << 8 | read();
      }
    }
    try {
      return new Frame(first, in.readNBytes((int) length));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public @Nullable String next() {
    Frame frame = nextFrame();
    while (frame != null && frame.first() != TEXT) {
      frame = nextFrame();
    }
    return frame == null ? null : frame.text();
  }

  /**
   * The code of the close frame that comes, after whatever else does; then the stream has to end.
   */
  public int closeCode() {
    Frame frame = nextFrame();
    while (frame != null && frame.first() != CLOSE) {
      frame = nextFrame();
    }
    if (frame == null) {
      throw new AssertionError("the stream ended without a close frame");
    }
    if (nextFrame() != null) {
      throw new AssertionError("something came after the close frame");
    }
    return frame.closeCode();
  }
}
