package io.earshot;

import io.earshot.spi.Loop;
import java.util.ArrayDeque;
import java.util.Deque;

/** A loop that runs when the test says so, on the test's thread. */
final class ManualLoop implements Loop {
  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private boolean running;

  @Override
  public boolean inLoop() {
    return running;
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  boolean isIdle() {
    return tasks.isEmpty();
  }

  /** Runs one task as the loop would; false if there is none. */
  boolean runOne() {
    Runnable task = tasks.poll();
    if (task == null) {
      return false;
    }
    run(task);
    return true;
  }

  /** Runs something on the loop, as input that arrives. */
  void run(Runnable task) {
    running = true;
    try {
      task.run();
    } finally {
      running = false;
    }
  }
}
