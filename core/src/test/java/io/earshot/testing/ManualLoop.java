package io.earshot.testing;

import io.earshot.spi.Loop;
import io.earshot.stats.LoopStats;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A loop that runs its tasks when the test says so, on the test's thread, and whose clock the test
 * moves.
 *
 * <p>Owned by the test's thread; {@link #execute} and {@link #inLoop} may be called by any thread.
 */
public final class ManualLoop implements Loop {
  private final LoopStats stats = new LoopStats(this::nowNanos);
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>(Comparator.comparingLong(Timer::due));

  /** The loop's clock, in milliseconds. */
  private long now;

  private volatile @Nullable Thread runner;
  private volatile boolean isEnded;

  /** The number of tasks run by {@link #runOne}. */
  private long ran;

  private record Timer(long due, Runnable task) {}

  @Override
  public void schedule(Runnable task, long millis) {
    timers.add(new Timer(now + millis, task));
  }

  /** Moves the clock, and queues the tasks that are due by then. */
  void advance(Duration time) {
    long until = now + time.toMillis();
    for (Timer next = timers.peek(); next != null && next.due <= until; next = timers.peek()) {
      timers.remove();
      now = next.due;
      tasks.add(next.task);
    }
    now = until;
  }

  private long nowNanos() {
    return now * 1_000_000;
  }

  @Override
  public LoopStats stats() {
    return stats;
  }

  @Override
  public boolean inLoop() {
    return runner == Thread.currentThread();
  }

  /** Ends the loop: from now on it refuses tasks, as a loop of Netty does. */
  public void end() {
    tasks.clear();
    isEnded = true;
  }

  @Override
  public void execute(Runnable task) {
    if (isEnded) {
      throw new RejectedExecutionException("the loop has ended");
    }
    tasks.add(task);
  }

  /** The number of scheduled tasks that are not due. */
  public int timers() {
    return timers.size();
  }

  /** How many queued tasks it has run. */
  public long ran() {
    return ran;
  }

  /** How many queued tasks it will have run once it has run all that are queued now. */
  public long given() {
    return ran + tasks.size();
  }

  /** Whether no task is queued. */
  public boolean isIdle() {
    return tasks.isEmpty();
  }

  /** Runs the next task on the loop; false if there is none. */
  public boolean runOne() {
    Runnable task = tasks.poll();
    if (task == null) {
      return false;
    }
    ran++;
    run(task);
    return true;
  }

  /** Runs a task on the loop at once, like input that arrives from a socket. */
  public void run(Runnable task) {
    runner = Thread.currentThread();
    try {
      task.run();
    } finally {
      runner = null;
    }
  }
}
