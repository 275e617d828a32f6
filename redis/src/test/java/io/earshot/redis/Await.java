package io.earshot.redis;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits in tests for a condition, never longer than a bound. */
public final class Await {
  /** How long a test waits for something that normally takes well under a second. */
  public static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final long POLL_NANOS = 5_000_000;

  private Await() {}

  /** A condition that may ask another process. */
  public interface Check {
    /**
     * Asks whether the condition holds.
     *
     * @return true if it holds
     * @throws Exception if that cannot be found out; the test fails
     */
    boolean holds() throws Exception;
  }

  /**
   * Polls until a condition holds.
   *
   * @param what the condition, for the failure
   * @param check asked every few milliseconds
   * @throws AssertionError if the condition does not hold within {@link #PATIENCE}
   */
  public static void until(String what, Check check) {
    until(() -> what, PATIENCE, check);
  }

  /**
   * Polls until a condition holds.
   *
   * @param what the condition, for the failure; asked when the test fails
   * @param patience how long to poll
   * @param check asked every few milliseconds
   * @throws AssertionError if the condition does not hold in time
   */
  public static void until(Supplier<String> what, Duration patience, Check check) {
    long end = System.nanoTime() + patience.toNanos();
    try {
      while (!check.holds()) {
        if (System.nanoTime() > end) {
          throw new AssertionError("not within " + patience + ": " + what.get());
        }
        LockSupport.parkNanos(POLL_NANOS);
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("cannot find out: " + what.get(), e);
    }
  }

  /**
   * Waits under a lock until a condition holds.
   *
   * @param lock guards the state of the condition; not held by the caller
   * @param changed signalled whenever the state changes
   * @param patience how long to wait
   * @param condition called under the lock
   * @return whether the condition holds
   * @throws InterruptedException if the test is interrupted
   */
  public static boolean signalled(
      ReentrantLock lock, Condition changed, Duration patience, BooleanSupplier condition)
      throws InterruptedException {
    long left = patience.toNanos();
    lock.lock();
    try {
      while (!condition.getAsBoolean()) {
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }
}
