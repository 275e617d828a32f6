package io.earshot.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/**
 * The network between a server and Redis: a proxy on a loopback port, which fails as the test
 * demands.
 *
 * <p>Thread-safe: its state is changed and read under its lock.
 */
public final class Link implements AutoCloseable {
  private static final int CHUNK_BYTES = 16 * 1024;

  /** The limit for one direction; a sender of more waits, as for a full TCP window. */
  private static final int CHUNKS_UNDER_WAY = 4096;

  private enum State {
    UP,
    CUT,
    BLACK_HOLE
  }

  private final int targetPort;
  private final ServerSocket listener;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  // Under the lock.
  private final Set<Connection> connections = new HashSet<>();
  private State state = State.UP;

  private volatile long delayNanos;
  private volatile UnaryOperator<byte[]> rewrite = UnaryOperator.identity();

  /**
   * Opens a link that works.
   *
   * @param targetPort where Redis listens on the loopback, now or later
   * @throws IOException if there is no port for it
   */
  public Link(int targetPort) throws IOException {
    this.targetPort = targetPort;
    listener = Ports.listen();
    Thread.startVirtualThread(this::accept);
  }

  /**
   * The port that stands for Redis.
   *
   * @return a port of the loopback
   */
  public int port() {
    return listener.getLocalPort();
  }

  /**
   * The address that stands for Redis.
   *
   * @return {@code redis://127.0.0.1:PORT}
   */
  public String url() {
    return "redis://" + Ports.LOOPBACK.getHostAddress() + ":" + port();
  }

  /** Closes all connections, and refuses new ones. Bytes under way are lost. */
  public void cut() {
    closeAll(State.CUT, /* reset= */ false);
  }

  /**
   * Forwards nothing from now on, in either direction, not even the end of a connection.
   * Connections stay open, and new ones are accepted.
   */
  public void blackHole() {
    become(State.BLACK_HOLE);
  }

  /**
   * Delays all bytes from now on, in both directions.
   *
   * @param delay how long one way takes
   */
  public void delay(Duration delay) {
    delayNanos = delay.toNanos();
  }

  /** Forwards again, without a delay. Bytes that a black hole held back arrive now. */
  public void restore() {
    delayNanos = 0;
    become(State.UP);
  }

  /** Forwards again, without a delay, for new connections; existing ones are reset. */
  public void restoreAfterLoss() {
    delayNanos = 0;
    closeAll(State.UP, /* reset= */ true);
  }

  /**
   * Changes the answers of Redis, until another change is set; {@link #restore} keeps the change.
   *
   * @param change from the bytes of one read to as many others; a text that is split over two reads
   *     is not recognized
   */
  public void rewrite(UnaryOperator<byte[]> change) {
    rewrite = change;
  }

  /**
   * A change for {@link #rewrite}.
   *
   * @param what a text
   * @param by a text of as many bytes, which replaces it everywhere
   * @return the change
   */
  public static UnaryOperator<byte[]> replace(String what, String by) {
    byte[] from = what.getBytes(UTF_8);
    byte[] to = by.getBytes(UTF_8);
    if (from.length != to.length) {
      throw new IllegalArgumentException("RESP counts bytes: " + what + ", " + by);
    }
    return bytes -> {
      byte[] changed = bytes.clone();
      for (int i = 0; i + from.length <= bytes.length; i++) {
        if (Arrays.equals(bytes, i, i + from.length, from, 0, from.length)) {
          System.arraycopy(to, 0, changed, i, to.length);
        }
      }
      return changed;
    };
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }

  private void become(State next) {
    lock.lock();
    try {
      state = next;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void closeAll(State next, boolean reset) {
    lock.lock();
    try {
      // Before the waiting threads see the new state, so that they do not forward lost bytes.
      List.copyOf(connections).forEach(connection -> connection.close(reset));
      state = next;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket near = listener.accept();
        lock.lock();
        try {
          if (state == State.CUT) {
            near.close();
          } else {
            var connection = new Connection(near);
            connections.add(connection);
            connection.begin(connection::connect);
          }
        } finally {
          lock.unlock();
        }
      }
    } catch (IOException e) {
      // The link was closed, so this thread ends.
    }
  }

  /** Bytes, or the end of the stream if there are none, and when they arrive. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Chunk(byte[] bytes, long due) {}

  /** A connection of one client; its state is under the link's lock. */
  private final class Connection {
    private final Socket near;
    private final Socket far = new Socket();
    private final Set<Thread> threads = new HashSet<>();
    private int directions = 2;
    private boolean closed;

    Connection(Socket near) {
      this.near = near;
    }

    private interface Work {
      void run() throws IOException, InterruptedException;
    }

    /** Runs work on a thread of the connection; a failure closes the connection. */
    void begin(Work work) {
      lock.lock();
      try {
        if (!closed) {
          threads.add(Thread.startVirtualThread(() -> run(work)));
        }
      } finally {
        lock.unlock();
      }
    }

    private void run(Work work) {
      try {
        work.run();
      } catch (IOException e) {
        close(/* reset= */ false);
      } catch (InterruptedException e) {
        // The connection was closed.
        Thread.currentThread().interrupt();
      }
    }

    void connect() throws IOException, InterruptedException {
      if (arrives(System.nanoTime())) {
        near.setTcpNoDelay(true);
        far.setTcpNoDelay(true);
        far.connect(new InetSocketAddress(Ports.LOOPBACK, targetPort));
        forward(near, far, UnaryOperator.identity());
        forward(far, near, bytes -> rewrite.apply(bytes));
      }
    }

    private void forward(Socket from, Socket to, UnaryOperator<byte[]> change) {
      BlockingQueue<Chunk> underWay = new ArrayBlockingQueue<>(CHUNKS_UNDER_WAY);
      begin(() -> take(from, change, underWay));
      begin(() -> give(underWay, to));
    }

    private void take(Socket from, UnaryOperator<byte[]> change, BlockingQueue<Chunk> underWay)
        throws InterruptedException {
      byte[] buffer = new byte[CHUNK_BYTES];
      try {
        InputStream in = from.getInputStream();
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          byte[] bytes = change.apply(Arrays.copyOf(buffer, read));
          underWay.put(new Chunk(bytes, System.nanoTime() + delayNanos));
        }
      } catch (IOException e) {
        // A reset is forwarded like an end of stream.
      }
      underWay.put(new Chunk(new byte[0], System.nanoTime() + delayNanos));
    }

    private void give(BlockingQueue<Chunk> underWay, Socket to)
        throws IOException, InterruptedException {
      for (Chunk chunk = underWay.take(); arrives(chunk.due); chunk = underWay.take()) {
        if (chunk.bytes.length == 0) {
          to.shutdownOutput();
          finished();
          return;
        }
        to.getOutputStream().write(chunk.bytes);
      }
    }

    /** Waits until bytes are due and for the end of a black hole; false if closed. */
    private boolean arrives(long due) throws InterruptedException {
      lock.lock();
      try {
        while (!closed) {
          long left = due - System.nanoTime();
          if (state == State.BLACK_HOLE) {
            changed.await();
          } else if (left > 0) {
            changed.awaitNanos(left);
          } else {
            return true;
          }
        }
        return false;
      } finally {
        lock.unlock();
      }
    }

    private void finished() {
      lock.lock();
      try {
        directions--;
        if (directions == 0) {
          close(/* reset= */ false);
        }
      } finally {
        lock.unlock();
      }
    }

    void close(boolean reset) {
      lock.lock();
      try {
        if (closed) {
          return;
        }
        closed = true;
        connections.remove(this);
        for (Socket socket : List.of(near, far)) {
          end(socket, reset);
        }
        threads.forEach(Thread::interrupt);
      } finally {
        lock.unlock();
      }
    }

    private static void end(Socket socket, boolean reset) {
      try (socket) {
        if (reset) {
          socket.setSoLinger(true, 0);
        }
      } catch (IOException e) {
        // The socket was closed already.
      }
    }
  }
}
