package io.earshot.feed.log;

import io.earshot.spi.Loop;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets one thread wait for other threads, and for the clock of an event loop.
 *
 * <p>Thread-safe: volatile fields. {@link #await} is for the one thread.
 */
public final class Waiter {
  /** No time limit. */
  public static final long FOR_EVER = Long.MAX_VALUE;

  private final Loop clock;
  private volatile @Nullable Thread waiting;

  /** The number of the last wait whose time is over. */
  private volatile long over;

  private long waits;

  /**
   * A waiter.
   *
   * @param clock the loop whose timer ends waits
   */
  public Waiter(Loop clock) {
    this.clock = clock;
  }

  /**
   * Waits until a condition holds.
   *
   * @param condition checked before the wait, and after each {@link #wake}
   * @param millis how long to wait at most
   * @throws InterruptedException if this thread is interrupted, or the loop has ended
   */
  public void await(BooleanSupplier condition, long millis) throws InterruptedException {
    long number = ++waits;
    waiting = Thread.currentThread();
    try {
      if (millis != FOR_EVER) {
        clock.execute(() -> clock.schedule(() -> end(number), millis));
      }
      while (!condition.getAsBoolean() && over < number) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        LockSupport.park(this);
      }
    } catch (RejectedExecutionException e) {
      throw new InterruptedException("the event loop has ended");
    } finally {
      waiting = null;
    }
  }

  private synchronized void end(long number) {
    if (number > over) {
      over = number;
      wake();
    }
  }

  /** Whether the thread waits. */
  public boolean isWaiting() {
    return waiting != null;
  }

  /** Lets the thread look whether its condition holds. */
  public void wake() {
    Thread thread = waiting;
    if (thread != null) {
      LockSupport.unpark(thread);
    }
  }
}
