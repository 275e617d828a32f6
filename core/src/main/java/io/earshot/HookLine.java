package io.earshot;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * What one connection waits for hooks to answer: one thing after the other, in the order in which
 * it was done.
 *
 * <p>Owned by the connection's event loop.
 */
final class HookLine {
  private final Queue<Consumer<Runnable>> waiting = new ArrayDeque<>(2);
  private final Runnable idle;
  private boolean isBusy;
  private boolean working;

  /**
   * An empty line.
   *
   * @param idle run when it is empty again
   */
  HookLine(Runnable idle) {
    this.idle = idle;
  }

  /** Adds a turn, which is given what to run on this loop when it has ended. */
  void add(Consumer<Runnable> turn) {
    waiting.add(turn);
    work();
  }

  private void work() {
    if (working) {
      return; // a turn that ended at once
    }
    working = true;
    try {
      while (!isBusy && !waiting.isEmpty()) {
        isBusy = true;
        waiting.remove().accept(this::ended);
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
