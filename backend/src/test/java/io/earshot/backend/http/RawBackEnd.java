package io.earshot.backend.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.testing.Await;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A back end on plain sockets, which answers as badly as it is told to.
 *
 * <p>Thread-safe: concurrent collections and atomic counts.
 */
public final class RawBackEnd implements Closeable {
  /** Answers nothing, for ever. */
  public static final Manner NEVER = (_, _) -> {};

  /** How many connections were made. */
  public final AtomicInteger connections = new AtomicInteger();

  /** How many of them the client has ended, before the back end did. */
  public final AtomicInteger ended = new AtomicInteger();

  /** Opens when the back end is closed. */
  public final CountDownLatch closed = new CountDownLatch(1);

  /** How the next requests are answered. */
  public volatile Manner manner;

  private final Queue<Received> received = new ConcurrentLinkedQueue<>();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final ServerSocket listener;

  /** A request. */
  public record Received(String head, String body) {
    /** The value of a header; empty without one. */
    public String header(String name) {
      return head.lines()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ": "))
          .map(line -> line.substring(name.length() + 2))
          .findFirst()
          .orElse("");
    }
  }

  /** How a back end answers. */
  public interface Manner {
    /**
     * Answers, or does something else.
     *
     * @param out closed to end the connection
     */
    void answer(Received request, OutputStream out) throws IOException, InterruptedException;
  }

  public RawBackEnd(Manner manner) {
    this.manner = manner;
    try {
      listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofPlatform().daemon().start(this::accept);
  }

  /** Answers with the status 200 and a body. */
  public static Manner saying(String body) {
    return (_, out) -> out.write(response("200 OK", body));
  }

  /** Answers with the bytes, whatever they are. */
  public static Manner raw(String bytes) {
    return (_, out) -> out.write(bytes.getBytes(UTF_8));
  }

  /** Writes the start of an answer, and then a byte in a while, for ever. */
  public Manner dripping(String start) {
    return (_, out) -> {
      out.write(start.getBytes(UTF_8));
      do {
        out.write('x');
        out.flush();
      } while (!closed.await(10, TimeUnit.MILLISECONDS));
    };
  }

  public static byte[] response(String status, String body) {
    return ("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(status, body.getBytes(UTF_8).length, body))
        .getBytes(UTF_8);
  }

  public String url() {
    return "http://127.0.0.1:" + listener.getLocalPort() + "/asked?key=hidden";
  }

  /** The next request that came; waits for it. */
  public Received next() {
    Await.until("a request comes", () -> !received.isEmpty());
    return received.remove();
  }

  /** How many requests came, without those that were taken. */
  public int waiting() {
    return received.size();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        connections.incrementAndGet();
        open.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(Socket socket) {
    var isEnded = new AtomicBoolean();
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      var out =
          new FilterOutputStream(socket.getOutputStream()) {
            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
              out.write(bytes, from, length);
            }

            @Override
            public void close() throws IOException {
              isEnded.set(true);
              socket.close();
            }
          };
      for (Received request = read(in); request != null; request = read(in)) {
        received.add(request);
        manner.answer(request, out);
        out.flush();
      }
      ended.incrementAndGet();
    } catch (IOException e) {
      if (!isEnded.get() && closed.getCount() > 0) {
        ended.incrementAndGet(); // the client's end was a reset
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static @Nullable Received read(InputStream in) throws IOException {
    var bytes = new ByteArrayOutputStream();
    while (!bytes.toString(UTF_8).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        return null;
      }
      bytes.write(b);
    }
    var head = new Received(bytes.toString(UTF_8), "");
    String length = head.header("content-length");
    int count = length.isEmpty() ? 0 : Integer.parseInt(length);
    return new Received(head.head, new String(in.readNBytes(count), UTF_8));
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      listener.close();
      for (Socket each : open) {
        each.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
