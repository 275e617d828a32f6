package io.earshot.testing;

import io.earshot.spi.Loop;
import io.earshot.stats.LoopStats;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A loop that is a thread, for tests of what several loops do at once. It runs until the JVM ends.
 *
 * <p>Thread-safe: by its queue.
 */
public final class ThreadLoop implements Loop {
  private final LoopStats stats = new LoopStats(System::nanoTime);
  private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
  private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);
  private volatile @Nullable Throwable failure;

  private ThreadLoop() {}

  public static ThreadLoop started() {
    var loop = new ThreadLoop();
    loop.thread.start();
    return loop;
  }

  private void run() {
    while (true) {
      try {
        Runnable task = tasks.take();
        // Before half of the tasks, a pause of random length changes which loop is ahead.
        for (int i = ThreadLocalRandom.current().nextInt(500); i > 250; i--) {
          Thread.onSpinWait();
        }
        task.run();
      } catch (InterruptedException | RuntimeException | Error e) {
        failure = e;
      }
    }
  }

  /** The last exception that a task has thrown, or null; tasks of a loop must throw none. */
  public @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public LoopStats stats() {
    return stats;
  }

  @Override
  public boolean inLoop() {
    return Thread.currentThread() == thread;
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  @Override
  public void schedule(Runnable task, long millis) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, this).execute(task);
  }
}
