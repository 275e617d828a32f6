package io.earshot.testing;

import io.earshot.spi.Loop;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** A loop that runs when the test says so, on the test's thread. Others may tell it things. */
public final class ManualLoop implements Loop {
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>(Comparator.comparingLong(Timer::due));
  private long now;
  private volatile @Nullable Thread runner;

  private record Timer(long due, Runnable task) {}

  @Override
  public void schedule(Runnable task, long millis) {
    timers.add(new Timer(now + millis, task));
  }

  /** Moves the clock, and runs what is due by then. */
  void advance(long millis) {
    long until = now + millis;
    for (Timer next = timers.peek(); next != null && next.due <= until; next = timers.peek()) {
      timers.remove();
      now = next.due;
      tasks.add(next.task);
    }
    now = until;
  }

  @Override
  public boolean inLoop() {
    return runner == Thread.currentThread();
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  /** How many tasks wait for their time. */
  public int timers() {
    return timers.size();
  }

  public boolean isIdle() {
    return tasks.isEmpty();
  }

  /** Runs one task as the loop would; false if there is none. */
  public boolean runOne() {
    Runnable task = tasks.poll();
    if (task == null) {
      return false;
    }
    run(task);
    return true;
  }

  /** Runs something on the loop, as input that arrives. */
  public void run(Runnable task) {
    runner = Thread.currentThread();
    try {
      task.run();
    } finally {
      runner = null;
    }
  }
}
