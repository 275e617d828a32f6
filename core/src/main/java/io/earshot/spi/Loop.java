package io.earshot.spi;

import java.util.concurrent.Executor;

/**
 * A thread that owns connections and rooms: all that concerns them runs on it, one task after the
 * other, in the order in which it was told. A task told from within runs after whatever input is
 * ready.
 */
public interface Loop extends Executor {

  /**
   * Whether the caller runs on this loop.
   *
   * @return true on the loop's thread
   */
  boolean inLoop();

  /**
   * Runs a task on this loop later.
   *
   * @param task the task
   * @param millis how much later, in milliseconds
   */
  void schedule(Runnable task, long millis);
}
