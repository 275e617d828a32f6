package io.earshot.action;

import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import jdk.management.VirtualThreadSchedulerMXBean;

/**
 * Runs actions and hooks on virtual threads, each for so long. Keeps those going when some that
 * compute without end hold the few platform threads that carry them: one that waits too long for
 * its first turn brings in another carrier. Nobody can stop a thread that does not listen to its
 * interruption, but it need not stop the others.
 *
 * <p>Thread-safe: an atomic count.
 */
public final class TimedVirtualThreads {
  private static final System.Logger LOG = System.getLogger(TimedVirtualThreads.class.getName());

  /** So long a virtual thread may wait for its first turn, in milliseconds. */
  static final int PATIENCE = 1_000;

  /** More carriers than this are not brought in: by then the processors are busy with nonsense. */
  static final int MOST = 64;

  /** So many empty threads are started at most to make the scheduler look for work. */
  private static final int NUDGES = 1_000;

  private final AtomicInteger added = new AtomicInteger();

  /**
   * Runs something on a virtual thread of its own.
   *
   * @param name what the thread is called
   * @param timeout how long it may take
   * @return what it gives, completed on that thread; failed with a {@link TimeoutException} when
   *     its time is up. Then, and when it is cancelled, the thread is interrupted
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
    var _ =
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

  /** Looks whether a thread gets its first turn in time. */
  private void watch(CompletableFuture<Boolean> started) {
    var _ =
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
    var scheduler = ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);
    if (scheduler == null || added.get() >= MOST || added.incrementAndGet() > MOST) {
      return;
    }
    synchronized (this) { // two at once would add one between them
      scheduler.setParallelism(scheduler.getParallelism() + 1);
    }
    Thread.ofPlatform().daemon().name("threads").start(() -> nudge(scheduler));
    LOG.log(
        Level.WARNING,
        "actions or hooks that compute for long hold all threads of virtual threads; brought in another"
            + " ({0} of at most {1})",
        added.get(),
        MOST);
  }

  /**
   * Makes the scheduler bring in what it may. It does so only when a thread is given to a queue of
   * its that seemed empty, and all that wait may be in queues that do not. Each platform thread has
   * a queue by chance, this one too: it gives it threads until there is a carrier more.
   */
  private static void nudge(VirtualThreadSchedulerMXBean scheduler) {
    for (int i = 0; i < NUDGES && scheduler.getPoolSize() < scheduler.getParallelism(); i++) {
      Thread.ofVirtual().start(() -> {});
    }
  }
}
