package io.earshot.spi;

import io.earshot.stats.LoopStats;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * An event loop: one thread that owns connections and rooms. It runs its tasks one after the other,
 * in the order in which they were given. A task given on the loop itself runs after the input that
 * is ready. A task must not block.
 *
 * <p>Thread-safe: any thread may give tasks.
 */
public interface Loop extends Executor {

  /**
   * Whether the caller runs on this loop.
   *
   * @return true on the loop's thread
   */
  boolean inLoop();

  /**
   * Runs a task on this loop after a delay.
   *
   * @param task the task
   * @param millis the delay, in milliseconds
   */
  void schedule(Runnable task, long millis);

  /**
   * What this loop counts and measures; the same object at each call.
   *
   * @return the counters of the loop, which only the loop writes
   */
  LoopStats stats();

  /**
   * The clients of this loop that do not read: those for which most bytes waited when the loop
   * looked last, at most a second ago. Callable from any thread.
   *
   * @return a bounded number of clients, in no order
   */
  default List<SlowClient> slowClients() {
    return List.of();
  }
}
