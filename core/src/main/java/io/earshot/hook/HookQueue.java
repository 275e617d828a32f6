package io.earshot.hook;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * The turns of one connection with hooks: one at a time, in the order of its requests.
 *
 * <p>Owned by the connection's event loop.
 */
public final class HookQueue {
  /** Turns about what has happened already; they come before all questions. */
  private final Queue<Consumer<Runnable>> news = new ArrayDeque<>(2);

  private final Queue<Consumer<Runnable>> questions = new ArrayDeque<>(2);
  private final Runnable whenEmpty;
  private boolean isBusy;
  private boolean isWorking;

  /**
   * An empty queue.
   *
   * @param whenEmpty run whenever the last turn has ended
   */
  public HookQueue(Runnable whenEmpty) {
    this.whenEmpty = whenEmpty;
  }

  /**
   * Adds a turn.
   *
   * @param turn receives a task, which it runs on this loop when the turn has ended
   * @param isNews whether the turn is about what has happened already
   */
  public void add(Consumer<Runnable> turn, boolean isNews) {
    (isNews ? news : questions).add(turn);
    work();
  }

  /** How many turns wait. */
  public int size() {
    return news.size() + questions.size();
  }

  private void work() {
    if (isWorking) {
      return; // called by a turn that ended at once: the loop below goes on
    }
    isWorking = true;
    try {
      while (!isBusy && !(news.isEmpty() && questions.isEmpty())) {
        isBusy = true;
        (news.isEmpty() ? questions : news).remove().accept(this::ended);
      }
    } finally {
      isWorking = false;
    }
    if (!isBusy) {
      whenEmpty.run();
    }
  }

  private void ended() {
    isBusy = false;
    work();
  }
}
