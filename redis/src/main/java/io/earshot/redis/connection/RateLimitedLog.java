package io.earshot.redis.connection;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Limits how often the same kind of line is logged. The first line of a kind is logged at once, the
 * next one not before an interval has passed.
 *
 * <p>Thread-safe: a concurrent map with one entry per kind.
 */
public final class RateLimitedLog {
  private final long intervalNanos;
  private final Map<String, Long> lastLogged = new ConcurrentHashMap<>();

  /** Makes a log that has logged nothing yet. */
  public RateLimitedLog(Duration interval) {
    intervalNanos = interval.toNanos();
  }

  /** Returns whether to log a line of this kind now; the interval starts again if so. */
  public boolean isDue(String kind) {
    long now = System.nanoTime();
    return lastLogged.compute(
            kind, (ignored, last) -> last == null || now - last >= intervalNanos ? now : last)
        == now;
  }
}
