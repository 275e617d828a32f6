package io.earshot.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A blocking connection to Redis, so that a test can read and change Redis without the code that it
 * tests.
 *
 * <p>Owned by one thread.
 */
public final class RespClient implements AutoCloseable {
  private final Socket socket = new Socket();
  private final InputStream in;

  /**
   * Connects.
   *
   * @param port the loopback port
   * @param patience how long each read waits for its next bytes
   * @throws IOException if no server listens there
   */
  public RespClient(int port, Duration patience) throws IOException {
    try {
      int millis = Math.toIntExact(patience.toMillis());
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(millis);
      socket.connect(new InetSocketAddress(Ports.LOOPBACK, port), millis);
      in = new BufferedInputStream(socket.getInputStream());
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @param command its name and arguments
   * @return a {@code String}, a {@code Long}, a {@code List} of such, or null for Redis' nil
   * @throws ErrorReply if Redis refuses the command
   * @throws java.net.SocketTimeoutException if there is no answer in time; {@link #read} may still
   *     return it
   * @throws IOException if the connection is lost
   */
  public @Nullable Object call(String... command) throws IOException {
    send(command);
    Object answer = read();
    if (answer instanceof ErrorReply refused) {
      throw refused;
    }
    return answer;
  }

  /**
   * Sends a command without waiting.
   *
   * @param command its name and arguments
   * @throws IOException if the connection is lost
   */
  public void send(String... command) throws IOException {
    send(Arrays.stream(command).map(word -> word.getBytes(UTF_8)).toArray(byte[][]::new));
  }

  /**
   * Sends a command of any bytes without waiting.
   *
   * @param command its name and arguments
   * @throws IOException if the connection is lost
   */
  public void send(byte[]... command) throws IOException {
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(("*" + command.length + "\r\n").getBytes(US_ASCII));
    for (byte[] word : command) {
      bytes.writeBytes(("$" + word.length + "\r\n").getBytes(US_ASCII));
      bytes.writeBytes(word);
      bytes.writeBytes("\r\n".getBytes(US_ASCII));
    }
    socket.getOutputStream().write(bytes.toByteArray());
  }

  /**
   * Reads the next answer, or the next message for a subscriber.
   *
   * @return as {@link #call}, and an error as an {@link ErrorReply}
   * @throws java.net.SocketTimeoutException if nothing arrives
   * @throws IOException if the connection is lost
   */
  public @Nullable Object read() throws IOException {
    String line = line();
    String rest = line.substring(1);
    return switch (line.charAt(0)) {
      case '+' -> rest;
      case '-' -> new ErrorReply(rest);
      case ':' -> Long.valueOf(rest);
      case '$' -> bulk(Integer.parseInt(rest));
      case '*' -> list(Integer.parseInt(rest));
      default -> throw new IOException("not RESP: " + line);
    };
  }

  private @Nullable String bulk(int length) throws IOException {
    if (length < 0) {
      return null;
    }
    byte[] bytes = in.readNBytes(length + 2);
    if (bytes.length < length + 2) {
      throw new EOFException();
    }
    return new String(bytes, 0, length, UTF_8);
  }

  private @Nullable List<@Nullable Object> list(int length) throws IOException {
    if (length < 0) {
      return null;
    }
    List<@Nullable Object> list = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      list.add(read());
    }
    return list;
  }

  private String line() throws IOException {
    var bytes = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\r'; b = in.read()) {
      if (b < 0) {
        throw new EOFException();
      }
      bytes.write(b);
    }
    if (in.read() != '\n' || bytes.size() == 0) {
      throw new IOException("not RESP: " + bytes.toString(UTF_8));
    }
    return bytes.toString(UTF_8);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /** An error of Redis, such as {@code WRONGTYPE ...}. */
  public static final class ErrorReply extends IOException {
    ErrorReply(String message) {
      super(message);
    }
  }
}
