package io.earshot.hook;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * What one connection waits for hooks to answer: one thing after the other, in the order in which
 * it was done.
 *
 * <p>Owned by the connection's event loop.
 */
public final class HookQueue {
  /** What has happened, and is told before anything else is asked. */
  private final Queue<Consumer<Runnable>> news = new ArrayDeque<>(2);

  private final Queue<Consumer<Runnable>> questions = new ArrayDeque<>(2);
  private final Runnable idle;
  private boolean isBusy;
  private boolean working;

  /**
   * An empty line.
   *
   * @param idle run when it is empty again
   */
  public HookQueue(Runnable idle) {
    this.idle = idle;
  }

  /**
   * Adds a turn, which is given what to run on this loop when it has ended.
   *
   * @param isNews whether it is about what has happened already
   */
  public void add(Consumer<Runnable> turn, boolean isNews) {
    (isNews ? news : questions).add(turn);
    work();
  }

  private void work() {
    if (working) {
      return; // a turn that ended at once
    }
    working = true;
    try {
      while (!isBusy && !(news.isEmpty() && questions.isEmpty())) {
        isBusy = true;
        (news.isEmpty() ? questions : news).remove().accept(this::ended);
      }
    } finally {
      working = false;
    }
    if (!isBusy) {
      idle.run();
    }
  }

  private void ended() {
    isBusy = false;
    work();
  }
}
