package io.earshot.backend.webhook;

import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

/** The clocks of webhooks, and their way to wait; tests replace them. Thread-safe. */
interface WebhookClock {

  /** The milliseconds since an arbitrary moment, by a clock that nobody sets. */
  long elapsed();

  /** The time of day, in milliseconds since 1970. */
  long wall();

  /** Waits. */
  void sleep(long millis) throws InterruptedException;

  /** The clocks of this machine. */
  static WebhookClock ofThisMachine(InstantSource wall) {
    long start = System.nanoTime();
    return new WebhookClock() {
      @Override
      public long elapsed() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      }

      @Override
      public long wall() {
        return wall.millis();
      }

      @Override
      public void sleep(long millis) throws InterruptedException {
        Thread.sleep(millis);
      }
    };
  }
}
