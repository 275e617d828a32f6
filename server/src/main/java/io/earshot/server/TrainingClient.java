package io.earshot.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;

/**
 * A client of the {@link Training}, which sends and receives each byte as one character.
 *
 * <p>Owned by the thread that trains.
 */
final class TrainingClient implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 10_000;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private final StringBuilder received = new StringBuilder();
  private final byte[] read = new byte[8192];

  /** A client over a connected socket. */
  TrainingClient(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    in = socket.getInputStream();
    out = socket.getOutputStream();
  }

  void send(String text) throws IOException {
    out.write(text.getBytes(ISO_8859_1));
  }

  void sendFrame(String text) throws IOException {
    send(frame(text));
  }

  /** Asks for a WebSocket in the first room, and does not wait for the answer. */
  void upgrade() throws IOException {
    send(
        String.join(
            "\r\n",
            "GET / HTTP/1.1",
            "Host: localhost",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "\r\n"));
  }

  /** A short text frame, masked with zeros, which leave its bytes as they are. */
  private static String frame(String text) {
    int length = text.length();
    String head =
        length < 126
            ? String.valueOf((char) (0x80 | length))
            : "\u00fe" + (char) (length >> 8) + (char) (length & 0xff);
    return "\u0081" + head + "\0\0\0\0" + text;
  }

  /** Waits for this text, and discards everything up to it. */
  void await(String part) throws IOException {
    int at = received.indexOf(part);
    while (at < 0) {
      int count = in.read(read);
      if (count < 0) {
        throw new EOFException("the connection was closed before: " + part);
      }
      received.append(new String(read, 0, count, ISO_8859_1));
      at = received.indexOf(part);
    }
    received.delete(0, at + part.length());
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
