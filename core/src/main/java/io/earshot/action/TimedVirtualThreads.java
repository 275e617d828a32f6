package io.earshot.action;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Runs actions and hooks on virtual threads with a time limit. A few platform threads, the
 * carriers, run all virtual threads. Code that computes without end and ignores interruptions holds
 * its carrier for ever; so a virtual thread that has waited too long for its start adds a carrier
 * (from Java 24 on).
 *
 * <p>Thread-safe: an atomic count, and a lock around the scheduler's setting.
 */
public final class TimedVirtualThreads {
  private static final System.Logger LOG = System.getLogger(TimedVirtualThreads.class.getName());

  /** How long a virtual thread may wait for its start, in milliseconds. */
  static final int PATIENCE = 1_000;

  /** How many carriers may be added. */
  static final int MOST = 64;

  /** How many empty threads are started at most, to make the scheduler start a new carrier. */
  private static final int NUDGES = 1_000;

  private static final String OCCUPIED =
      "actions or hooks that compute for long occupy all carriers of virtual threads";

  private final AtomicInteger added = new AtomicInteger();

  /**
   * Runs a task on a virtual thread of its own.
   *
   * @param name the name of the thread
   * @param timeout the time limit
   * @return the result, completed on that thread; failed with a {@link TimeoutException} after the
   *     time limit. The thread is interrupted then, and when the result is cancelled
   */
  public <T> CompletableFuture<T> run(String name, Duration timeout, Supplier<T> work) {
    var outcome = new CompletableFuture<T>();
    var started = new CompletableFuture<Boolean>();
    Thread thread =
        Thread.ofVirtual()
            .name(name)
            .unstarted(
                () -> {
                  started.complete(true);
                  outcome.complete(work.get());
                });
    watch(started);
    var unused =
        outcome
            .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
            .exceptionally(
                failure -> {
                  thread.interrupt();
                  throw new CompletionException(failure);
                });
    thread.start();
    return outcome;
  }

  /** Adds a carrier if a thread has not started in time. */
  private void watch(CompletableFuture<Boolean> started) {
    var unused =
        started
            .completeOnTimeout(false, PATIENCE, TimeUnit.MILLISECONDS)
            .thenAccept(
                inTime -> {
                  if (!inTime) {
                    add();
                  }
                });
  }

  private void add() {
    if (added.get() >= MOST || added.incrementAndGet() > MOST) {
      return;
    }
    Carriers carriers = Carriers.find();
    if (carriers == null) {
      added.set(MOST); // no later call can add any, so one line of the log is enough
      LOG.log(
          Level.WARNING,
          OCCUPIED
              + "; Java adds none while it runs before version 24: start it with more, for example"
              + " -Djdk.virtualThreadScheduler.parallelism=16");
      return;
    }
    synchronized (this) { // otherwise two calls at once could add only one
      carriers.parallelism(carriers.parallelism() + 1);
    }
    Thread.ofPlatform().daemon().name("threads").start(() -> nudge(carriers));
    LOG.log(Level.WARNING, OCCUPIED + "; added a carrier ({0} of at most {1})", added.get(), MOST);
  }

  /**
   * Makes the scheduler start the new carrier. The scheduler does so only when a thread is put into
   * one of its queues that looked empty, while all waiting threads may be in other queues. It
   * assigns a queue to each platform thread at random. So this thread puts empty threads into its
   * own queue until the pool has grown.
   */
  private static void nudge(Carriers carriers) {
    for (int i = 0; i < NUDGES && carriers.count() < carriers.parallelism(); i++) {
      Thread.ofVirtual().start(() -> {});
    }
  }
}
