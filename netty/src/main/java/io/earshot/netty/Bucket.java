package io.earshot.netty;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How often something may happen: at a rate, and so many times at once. It is a time that moves on
 * with each: as far ahead of now as was taken in advance.
 *
 * <p>Thread-safe: one atomic number.
 */
final class Bucket {
  private final long interval;
  private final long ahead;
  private final AtomicLong full = new AtomicLong(Long.MIN_VALUE);

  /**
   * A full bucket.
   *
   * @param interval how long it takes until one more may, in nanoseconds
   * @param atOnce how many may at once
   */
  Bucket(long interval, int atOnce) {
    this.interval = interval;
    this.ahead = interval * (atOnce - 1);
  }

  /**
   * Takes one.
   *
   * @param now the time, in nanoseconds
   * @return 0, or if there is none how long it takes until there is, in nanoseconds
   */
  long take(long now) {
    while (true) {
      long before = full.get();
      long from = before == Long.MIN_VALUE || before - now < 0 ? now : before;
      long wait = from - now - ahead;
      if (wait > 0) {
        return wait;
      }
      if (full.compareAndSet(before, from + interval)) {
        return 0;
      }
    }
  }

  /** As a header says it: whole seconds, one at least. */
  static String seconds(long nanos) {
    return Long.toString(nanos / 1_000_000_000 + 1);
  }
}
