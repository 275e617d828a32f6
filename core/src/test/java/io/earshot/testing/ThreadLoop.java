package io.earshot.testing;

import io.earshot.spi.Loop;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A loop that is a thread, for tests of what several of them do at once. It never ends. */
public final class ThreadLoop implements Loop {
  private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
  private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);

  /** What a task has thrown, which none may. */
  private volatile @Nullable Throwable failure;

  public static ThreadLoop started() {
    var loop = new ThreadLoop();
    loop.thread.start();
    return loop;
  }

  private void run() {
    while (true) {
      try {
        Runnable task = tasks.take();
        // So that it is now this one that is late, now another.
        for (int i = ThreadLocalRandom.current().nextInt(500); i > 250; i--) {
          Thread.onSpinWait();
        }
        task.run();
      } catch (InterruptedException | RuntimeException | Error e) {
        failure = e;
      }
    }
  }

  /** What a task has thrown, or null. */
  public @Nullable Throwable failure() {
    return failure;
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
