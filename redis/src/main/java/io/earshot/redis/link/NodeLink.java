package io.earshot.redis.link;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The link to one server of Redis, which fails alone: it connects, asks both connections for an
 * answer every now and then, and replaces them when one is lost or does not answer in time.
 *
 * <p>Owned by its one virtual thread, whose waits all have a bound; {@link #pair}, {@link #replace}
 * and {@link #close} may be called by any thread.
 */
public final class NodeLink {
  private static final long LONGEST_PAUSE_MILLIS = 1_000;
  private static final long SHORTEST_PAUSE_MILLIS = 100;

  private final Node node;
  private final Opening opening;
  private final Listener listener;
  private final boolean asks;
  private final long interval;
  private final Duration timeout;

  /** Released when a connection breaks, and at the end. */
  private final Semaphore wake = new Semaphore(0);

  private volatile @Nullable ConnectionPair pair;
  private volatile boolean isClosed;
  private volatile boolean wasTried;

  /** Makes the two connections; each of its waits has a bound. */
  public interface Opening {
    /** Makes them; the argument is to be called when one of them breaks. */
    ConnectionPair open(Runnable onBroken)
        throws InterruptedException, ExecutionException, TimeoutException;
  }

  /** Is told, on the link's thread, how the link does. */
  public interface Listener {
    /** Runs the change of {@link NodeLink#pair}, and lets others know. */
    void up(NodeLink link, Runnable change);

    /** Runs the change of {@link NodeLink#pair}, and lets others know. */
    void down(NodeLink link, Runnable change);

    /** The server cannot be used, and is tried again after a pause. */
    void failed(NodeLink link, Exception failure);

    /** Whether all connections are closed. */
    boolean isClosed();
  }

  /**
   * A link that has not started.
   *
   * @param asks whether to ask the server for answers; if not, somebody else calls {@link #replace}
   * @param interval how often to ask, in milliseconds
   * @param timeout how long an answer may take
   */
  public NodeLink(
      Node node,
      Opening opening,
      Listener listener,
      boolean asks,
      long interval,
      Duration timeout) {
    this.node = node;
    this.opening = opening;
    this.listener = listener;
    this.asks = asks;
    this.interval = interval;
    this.timeout = timeout;
  }

  /** Starts to connect, and does not wait. */
  public void start() {
    var unused = Thread.ofVirtual().name("redis " + node).start(this::run);
  }

  /** The server. */
  public Node node() {
    return node;
  }

  /** The connections; null while the server cannot be reached. */
  public @Nullable ConnectionPair pair() {
    return pair;
  }

  /** Whether the link was up once, or could not be made. */
  public boolean wasTried() {
    return wasTried;
  }

  /** Has the connections replaced. */
  public void replace(String why) {
    ConnectionPair current = pair;
    if (current != null) {
      current.breakUp(why);
    }
  }

  /** Ends the link, and does not wait. */
  public void close() {
    isClosed = true;
    wake.release();
  }

  private void run() {
    long pause = SHORTEST_PAUSE_MILLIS;
    try {
      while (!isClosed) {
        try {
          wake.drainPermits();
          ConnectionPair fresh = opening.open(wake::release);
          pause = SHORTEST_PAUSE_MILLIS;
          use(fresh);
        } catch (ExecutionException | TimeoutException | RuntimeException e) {
          if (!isClosed) {
            listener.failed(this, e);
          }
        }
        wasTried = true;
        rest(pause);
        pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void use(ConnectionPair fresh)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      // Both before the listener tells others, who look at both.
      listener.up(
          this,
          () -> {
            pair = fresh;
            wasTried = true;
          });
      watch(fresh);
    } finally {
      // Others know before the connections are closed, which may take a while.
      listener.down(this, () -> pair = null);
      if (!listener.isClosed()) {
        fresh.close(); // otherwise closed with all others
      }
    }
  }

  /** Returns when the link is closed. */
  private void watch(ConnectionPair fresh)
      throws InterruptedException, ExecutionException, TimeoutException {
    while (!isClosed) {
      if (wake.tryAcquire(interval, TimeUnit.MILLISECONDS)) {
        wake.drainPermits();
      }
      String broken = fresh.whyBroken();
      if (broken != null) {
        throw new IllegalStateException(broken);
      }
      if (asks && !isClosed) {
        Patience.await(fresh.ping(), timeout);
      }
    }
  }

  private void rest(long millis) throws InterruptedException {
    if (!isClosed) {
      wake.drainPermits();
      long spread = ThreadLocalRandom.current().nextLong(millis / 2 + 1);
      boolean ignored = wake.tryAcquire(millis / 2 + spread, TimeUnit.MILLISECONDS);
    }
  }
}
