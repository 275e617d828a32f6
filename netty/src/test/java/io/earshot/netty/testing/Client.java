package io.earshot.netty.testing;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A client on a plain blocking socket. Whatever does not come within ten seconds is an exception.
 */
public abstract class Client implements Closeable {
  public static final int TIMEOUT = 10_000;
  private static final Pattern ID = Pattern.compile("\"id\":\"(\\p{XDigit}{32})\"");

  public final Socket socket;
  public final InputStream in;

  /** The socket itself, where {@link #socket} is TLS over it. */
  private final Socket plain;

  /** Connects; with TLS if there is a pair to trust. */
  Client(int port, @Nullable Pair pair) {
    this(port, pair, null);
  }

  /** The same from an address of this machine, such as 127.0.0.2. */
  Client(int port, @Nullable Pair pair, @Nullable String from) {
    try {
      plain =
          new Socket(
              InetAddress.getLoopbackAddress(),
              port,
              from == null ? null : InetAddress.ofLiteral(from),
              0);
      plain.setSoTimeout(TIMEOUT);
      plain.setTcpNoDelay(true);
      socket = pair == null ? plain : pair.shakeHands(plain);
      in = new BufferedInputStream(socket.getInputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Makes the kernel's receive buffer small, so that a client that does not read is soon behind.
   */
  public final void takeInLittle() {
    try {
      plain.setReceiveBufferSize(4096);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends a request in the form of its transport. */
  public abstract void send(String request);

  /** The next JSON document; null at the end of the stream. */
  public abstract @Nullable String next();

  public final void bytes(byte... bytes) {
    try {
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public final void text(String text) {
    bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  public final int read() {
    try {
      return in.read();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next reply; skips all other messages. */
  public final String reply() {
    String next = next();
    while (next != null && next.contains("\"context\":\"user\"")) {
      next = next();
    }
    return String.valueOf(next);
  }

  public final String ask(String request) {
    send(request);
    return reply();
  }

  /** The next message of a room, after whatever else comes. */
  public final String heard() {
    String next = next();
    while (next != null && !next.contains("\"context\":\"user\"")) {
      next = next();
    }
    return String.valueOf(next);
  }

  /** Everything up to the end of the stream. */
  public final List<String> rest() {
    var rest = new ArrayList<String>();
    for (String next = next(); next != null; next = next()) {
      rest.add(next);
    }
    return rest;
  }

  public final String id() {
    send("{\"event\":\"detailsView\"}");
    Matcher id = ID.matcher(reply());
    while (!id.find()) {
      id = ID.matcher(reply()); // an answer to something asked before
    }
    return id.group(1);
  }

  /** Ends the connection as a crash does: with a reset. */
  public final void reset() {
    try {
      plain.setSoLinger(true, 0);
      plain.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public final void shutdownOutput() {
    try {
      socket.shutdownOutput();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public final void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
