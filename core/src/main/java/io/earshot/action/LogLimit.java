package io.earshot.action;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Limits how often a failure of a program's code is logged: after an entry, further ones are left
 * out for a minute.
 *
 * <p>Thread-safe: one atomic number.
 */
public final class LogLimit {
  private static final long QUIET = 60_000;

  private final AtomicLong quietUntil = new AtomicLong(Long.MIN_VALUE);

  /** Nothing has been logged. */
  public LogLimit() {}

  /**
   * Whether the last entry is old enough for another.
   *
   * @param now the time by the clock of durations, in milliseconds
   */
  public boolean mayLog(long now) {
    long until = quietUntil.get();
    return now >= until && quietUntil.compareAndSet(until, now + QUIET);
  }
}
