package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket server for tests: it compresses, sends what a client says to all others, and answers
 * the first text of each client with OK.
 *
 * <p>Thread-safe: a thread for each client, which locks the client that it sends to.
 */
final class CompressingServer implements AutoCloseable {
  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final List<Member> members = new CopyOnWriteArrayList<>();
  private final @Nullable String extension;

  /**
   * @param extension the server's answer to the offer of compression; null to decline it
   */
  CompressingServer(@Nullable String extension) throws IOException {
    this.extension = extension;
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        var member = new Member(listener.accept());
        Thread.ofVirtual().start(member::serve);
      }
    } catch (IOException _) {
      // closed by the test
    }
  }

  private final class Member {
    private final Socket socket;
    private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);

    Member(Socket socket) {
      this.socket = socket;
    }

    void serve() {
      try (socket) {
        var in = new DataInputStream(socket.getInputStream());
        var request = new StringBuilder();
        while (request.indexOf("\r\n\r\n") < 0) {
          request.append((char) in.readUnsignedByte());
        }
        String offer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
        String accepted =
            extension == null || request.indexOf(offer) < 0
                ? ""
                : "Sec-WebSocket-Extensions: " + extension + "\r\n";
        String answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + accepted
                + "\r\n";
        socket.getOutputStream().write(answer.getBytes(ISO_8859_1));
        read(in);
        members.add(this);
        send("OK".getBytes(ISO_8859_1));
        while (true) {
          byte[] text = read(in);
          for (Member member : members) {
            if (member != this) {
              member.send(text);
            }
          }
        }
      } catch (IOException _) {
        members.remove(this);
      }
    }

    private static byte[] read(DataInputStream in) throws IOException {
      in.readByte();
      int length = in.readByte() & 127;
      if (length == 126) {
        length = in.readUnsignedShort();
      }
      byte[] key = in.readNBytes(4);
      byte[] text = in.readNBytes(length);
      for (int i = 0; i < text.length; i++) {
        text[i] ^= key[i & 3];
      }
      return text;
    }

    /** Sends a compressed text as two frames. */
    private synchronized void send(byte[] text) throws IOException {
      deflater.setInput(text);
      var compressed = new ByteArrayOutputStream();
      byte[] piece = new byte[4096];
      int length;
      do {
        length = deflater.deflate(piece, 0, piece.length, Deflater.SYNC_FLUSH);
        compressed.write(piece, 0, length);
      } while (length == piece.length);
      if (extension != null && extension.contains("no_context_takeover")) {
        deflater.reset();
      }
      byte[] all = compressed.toByteArray();
      int end = all.length - 4; // without the empty block at the end
      int middle = end / 2;
      var frames = new ByteArrayOutputStream();
      frame(frames, 0x41, all, 0, middle);
      frame(frames, 0x80, all, middle, end);
      OutputStream out = socket.getOutputStream();
      out.write(frames.toByteArray());
    }

    private static void frame(
        ByteArrayOutputStream out, int first, byte[] bytes, int from, int end) {
      int length = end - from;
      out.write(first);
      if (length < 126) {
        out.write(length);
      } else {
        out.write(126);
        out.write(length >> 8);
        out.write(length);
      }
      out.write(bytes, from, length);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Member member : members) {
      member.socket.close();
    }
  }
}
