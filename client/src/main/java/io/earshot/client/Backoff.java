package io.earshot.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait before coming back: anything up to a bound that doubles, so that those who were
 * lost together do not come back together.
 *
 * <p>Immutable.
 */
record Backoff(Duration soonest, Duration latest) {

  /** The time to wait before a try, in milliseconds; the first is 0. */
  long millis(int attempt) {
    long bound = Math.min(latest.toMillis(), soonest.toMillis() << Math.min(attempt, 20));
    return ThreadLocalRandom.current().nextLong(Math.max(1, bound) + 1);
  }
}
