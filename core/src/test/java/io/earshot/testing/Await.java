package io.earshot.testing;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Waits for what other threads bring about, and never without a bound.
 *
 * <p>Thread-safe: it has no state.
 */
public final class Await {
  /** How long to wait, unless the caller says so. */
  public static final Duration LIMIT = Duration.ofSeconds(20);

  private static final long FIRST_PAUSE_NANOS = 50_000;
  private static final long LONGEST_PAUSE_NANOS = 2_000_000;

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
   * Waits for a condition at most for {@link #LIMIT}.
   *
   * @param what names the condition in the error: "waited 20 s in vain for ..."
   * @throws AssertionError if the condition does not hold in time
   */
  public static void until(String what, Check condition) {
    until(() -> what, LIMIT, condition);
  }

  /**
   * Waits for a condition.
   *
   * @param what names the condition in the error; asked for only then, so that it can tell how far
   *     things have come
   * @param limit how long to wait
   * @throws AssertionError if the condition does not hold in time, or cannot be checked
   */
  public static void until(Supplier<String> what, Duration limit, Check condition) {
    long start = System.nanoTime();
    long pause = FIRST_PAUSE_NANOS;
    try {
      while (!condition.holds()) {
        if (System.nanoTime() - start > limit.toNanos()) {
          throw new AssertionError("waited " + limit.toSeconds() + " s in vain for " + what.get());
        }
        LockSupport.parkNanos(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("cannot check: " + what.get(), e);
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
