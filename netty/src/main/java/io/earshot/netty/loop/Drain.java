package io.earshot.netty.loop;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Empties a server that is to stop: it is not ready from now on, after a delay it accepts no more
 * clients, and then it ends the connections of its clients at an even rate.
 *
 * <p>Thread-safe: guarded by its lock, except for what one scheduled task at a time does.
 */
public final class Drain {
  private static final System.Logger LOG = System.getLogger(Drain.class.getName());

  /** How often connections are ended, in milliseconds. */
  private static final long STEP = 50;

  /** How often the log has the number of clients that are left, in milliseconds. */
  private static final long REPORT = 5_000;

  private final Timer timer;
  private final Runnable closePorts;
  private final Supplier<List<Runnable>> goodbyes;
  private final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
  private @Nullable Plan plan;

  /** How many connections more should have been ended than were. */
  private double due;

  /**
   * How a server is emptied.
   *
   * @param delay how long it still accepts clients
   * @param time the time over which it ends the connections
   */
  public record Plan(Duration delay, Duration time) {}

  /** Runs a task after a number of milliseconds, on a thread that may block. */
  public interface Timer {
    /** Runs a task later; drops it if the server has stopped. */
    void after(long millis, Runnable task);
  }

  /**
   * No drain has begun.
   *
   * @param timer runs the steps, one after the other
   * @param closePorts makes the server accept no more clients; may block for a moment
   * @param goodbyes for each client that is connected, what ends its connection
   */
  public Drain(Timer timer, Runnable closePorts, Supplier<List<Runnable>> goodbyes) {
    this.timer = timer;
    this.closePorts = closePorts;
    this.goodbyes = goodbyes;
  }

  /** The plan that is being carried out or was; null if no drain has begun. */
  public synchronized @Nullable Plan plan() {
    return plan;
  }

  /** How many clients are connected. */
  public int clients() {
    return goodbyes.get().size();
  }

  /** Complete when no client is left, or the time is over. */
  public CompletableFuture<@Nullable Void> done() {
    return done.copy();
  }

  /**
   * Begins to empty the server, unless that has begun.
   *
   * @return the plan that is carried out: this one, or the one before
   */
  public Plan begin(Plan wanted) {
    synchronized (this) {
      if (plan != null) {
        return plan;
      }
      plan = wanted;
    }
    if (!wanted.delay.isZero() || !wanted.time.isZero()) {
      LOG.log(
          Level.INFO,
          "draining: clients are accepted for another {0} s, and the connections of {1} clients end"
              + " within {2} s after that",
          seconds(wanted.delay),
          String.valueOf(clients()),
          seconds(wanted.time));
    }
    after(wanted.delay.toMillis(), () -> refuse(wanted));
    return wanted;
  }

  private static String seconds(Duration time) {
    return String.valueOf(time.toMillis() / 1_000.0);
  }

  private void after(long millis, Runnable step) {
    Runnable safe =
        () -> {
          try {
            step.run();
          } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "draining failed; the server stops at once", e);
            done.complete(null);
          }
        };
    timer.after(millis, safe);
  }

  private void refuse(Plan carriedOut) {
    closePorts.run();
    long millis = carriedOut.time.toMillis();
    step(millis, millis);
  }

  /** Ends a share of the connections, such that none is left at the end of the time. */
  private void step(long left, long untilReport) {
    var clients = new ArrayList<>(goodbyes.get());
    if (clients.isEmpty() || left <= 0) {
      done.complete(null);
      return;
    }
    // Those who connected together were connected before, too: without this they would come back
    // together.
    Collections.shuffle(clients);
    due += (double) clients.size() * STEP / left;
    int share = left <= STEP ? clients.size() : Math.min(clients.size(), (int) due);
    due -= share;
    clients.subList(0, share).forEach(Runnable::run);
    boolean reports = left <= untilReport;
    if (reports) {
      LOG.log(
          Level.INFO,
          "draining: {0} clients are left, for {1} s",
          String.valueOf(clients.size()),
          String.valueOf(left / 1_000));
    }
    after(STEP, () -> step(left - STEP, reports ? untilReport - REPORT : untilReport));
  }
}
