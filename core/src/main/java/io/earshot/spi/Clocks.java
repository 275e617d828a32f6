package io.earshot.spi;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The two clocks of a server. The wall clock gives the times that people and other systems read: a
 * message's {@code sentAt}, the end of a token. An operator or a time service may set it forward or
 * back at any moment. So everything that measures how long something took or may take (rates, times
 * to live, ages, leases) uses the other clock, which only ever runs forward.
 *
 * <p>Thread-safe if both clocks are.
 *
 * @param wall the time of day
 * @param stopwatch the milliseconds since an arbitrary moment before the first call; never fewer
 *     than in an earlier call, whatever happens to the wall clock
 */
public record Clocks(InstantSource wall, LongSupplier stopwatch) {

  /**
   * The milliseconds of the stopwatch. Only differences between two calls have a meaning.
   *
   * @return the milliseconds since an arbitrary moment
   */
  public long elapsed() {
    return stopwatch.getAsLong();
  }
}
