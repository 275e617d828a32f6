package io.earshot.spi;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much may be done in a second, and how much at once by who did nothing before: a token bucket.
 * All that is to be remembered of a bucket is one number, the time by which what was done is paid
 * for, in nanoseconds (GCRA); 0 for one that is new.
 *
 * <p>Immutable.
 *
 * @param perSecond so much may be done in a second; 0 for no limit
 * @param burst so much may be done at once
 */
public record Pace(int perSecond, int burst) {

  /** Who is in debt for longer has not done so much: the clock was set back. */
  private static final long CLOCK = TimeUnit.MINUTES.toNanos(1);

  /**
   * Whether there is no limit.
   *
   * @return true if everything may be done
   */
  public boolean isOff() {
    return perSecond == 0;
  }

  /**
   * Does something.
   *
   * @param paidBy the bucket
   * @param now the time, in milliseconds
   * @param amount how much is done
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
   * Does something unless it would overdraw the bucket. Thread-safe.
   *
   * @param paidBy the bucket
   * @param now the time, in milliseconds
   * @param amount how much is done
   * @return 0 if it is done; otherwise after how many milliseconds it may be done
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
   * @param now the time, in milliseconds
   * @return so many milliseconds, rounded up; 0 if it is not
   */
  public long overdrawn(long paidBy, long now) {
    long over = isOff() ? 0 : paidBy - TimeUnit.MILLISECONDS.toNanos(now) - cost(burst);
    return over <= 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(over - 1) + 1;
  }

  /**
   * Whether a bucket is as good as new.
   *
   * @param paidBy the bucket
   * @param now the time, in milliseconds
   * @return true if all that was done is paid for
   */
  public boolean isPaid(long paidBy, long now) {
    return paidBy <= TimeUnit.MILLISECONDS.toNanos(now);
  }

  private long cost(int amount) {
    return TimeUnit.SECONDS.toNanos(amount) / perSecond;
  }
}
