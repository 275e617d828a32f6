package io.earshot.redis;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Things that may happen often, and are to be said once in a while.
 *
 * <p>Thread-safe: a concurrent map, of as many entries as there are kinds.
 */
final class Occasional {
  private final long nanos;
  private final Map<String, Long> last = new ConcurrentHashMap<>();

  Occasional(Duration between) {
    nanos = between.toNanos();
  }

  /** Whether this kind of thing was not said for a while. */
  boolean isTime(String kind) {
    long now = System.nanoTime();
    return last.compute(kind, (_, said) -> said == null || now - said >= nanos ? now : said) == now;
  }

  /** The next of this kind is said at once. */
  void forget(String kind) {
    last.remove(kind);
  }
}
