package io.earshot.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait before reconnecting: a random time below a bound that doubles with each failure,
 * so that clients that lost their connections together do not reconnect together.
 *
 * <p>Immutable.
 *
 * @param shortest the bound after the first failure
 * @param longest the bound that is never exceeded
 */
record Backoff(Duration shortest, Duration longest) {

  /** The time to wait in milliseconds, after so many failures; 0 is the first attempt. */
  long millis(int failures) {
    long bound = Math.min(longest.toMillis(), shortest.toMillis() << Math.min(failures, 20));
    return ThreadLocalRandom.current().nextLong(Math.max(1, bound) + 1);
  }
}
