package io.earshot.spi;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A rate limit, as a token bucket: a number of units a second, and a burst after an idle time. The
 * state of a bucket is one number: the time at which all used units are paid for, in nanoseconds
 * (GCRA). The state of a new bucket is 0. Times are those of a clock that is never set back, see
 * {@link Clocks}.
 *
 * <p>Immutable.
 *
 * @param perSecond the number of units a second; 0 for no limit
 * @param burst the number of units that an idle bucket permits at once
 */
public record Pace(int perSecond, int burst) {

  /** A bucket with a longer debt shows that the clock was set back, not that much was used. */
  private static final long CLOCK = TimeUnit.MINUTES.toNanos(1);

  /**
   * Whether there is no limit.
   *
   * @return true if any number of units may be used
   */
  public boolean isOff() {
    return perSecond == 0;
  }

  /**
   * Uses units.
   *
   * @param paidBy the bucket
   * @param now the time, in milliseconds by {@link Clocks#elapsed}
   * @param amount the number of units
   * @return the bucket after it, which may be overdrawn
   */
  public long spend(long paidBy, long now, int amount) {
    if (isOff()) {
      return paidBy;
    }
    long nanos = TimeUnit.MILLISECONDS.toNanos(now);
    boolean isOdd = paidBy - nanos > cost(burst) + CLOCK;
    return Math.max(isOdd ? nanos + cost(burst) : paidBy, nanos) + cost(amount);
  }

  /**
   * Uses units, unless that would overdraw the bucket. Thread-safe.
   *
   * @param paidBy the bucket
   * @param now the time, in milliseconds by {@link Clocks#elapsed}
   * @param amount the number of units
   * @return 0 if the units were used; otherwise how many milliseconds to wait
   */
  public long take(AtomicLong paidBy, long now, int amount) {
    while (true) {
      long before = paidBy.get();
      long after = spend(before, now, amount);
      long wait = overdrawn(after, now);
      if (wait > 0 || paidBy.compareAndSet(before, after)) {
        return wait;
      }
    }
  }

  /**
   * How long a bucket is overdrawn.
   *
   * @param paidBy the bucket
   * @param now the time, in milliseconds by {@link Clocks#elapsed}
   * @return the milliseconds until it is no longer overdrawn, rounded up; 0 if it is not
   */
  public long overdrawn(long paidBy, long now) {
    long over = isOff() ? 0 : paidBy - TimeUnit.MILLISECONDS.toNanos(now) - cost(burst);
    return over <= 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(over - 1) + 1;
  }

  /**
   * Whether a bucket is in the same state as a new one.
   *
   * @param paidBy the bucket
   * @param now the time, in milliseconds by {@link Clocks#elapsed}
   * @return true if all used units are paid for
   */
  public boolean isPaid(long paidBy, long now) {
    return paidBy <= TimeUnit.MILLISECONDS.toNanos(now);
  }

  private long cost(int amount) {
    return TimeUnit.SECONDS.toNanos(amount) / perSecond;
  }
}
