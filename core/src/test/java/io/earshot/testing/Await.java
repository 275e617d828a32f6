package io.earshot.testing;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
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

  /**
   * Waits for a condition at most for {@link #LIMIT}.
   *
   * @param what names the condition in the error: "waited 20 s in vain for ..."
   * @throws AssertionError if the condition does not hold in time
   */
  public static void until(String what, BooleanSupplier condition) {
    until(() -> what, LIMIT, condition);
  }

  /**
   * Waits for a condition.
   *
   * @param what names the condition in the error; asked for only then, so that it can tell how far
   *     things have come
   * @param limit how long to wait
   * @throws AssertionError if the condition does not hold in time
   */
  public static void until(Supplier<String> what, Duration limit, BooleanSupplier condition) {
    long start = System.nanoTime();
    long pause = FIRST_PAUSE_NANOS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > limit.toNanos()) {
        throw new AssertionError("waited " + limit.toSeconds() + " s in vain for " + what.get());
      }
      LockSupport.parkNanos(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
    }
  }
}
