package io.earshot.redis;

import static io.earshot.redis.connection.Utf8.text;

import io.earshot.redis.link.Patience;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The events that the thread of {@link Heartbeat} waits for: the time of the next beat, a request
 * for an early beat, and the return of a published beat on the connection for subscriptions.
 *
 * <p>Thread-safe: semaphores and an atomic counter.
 */
final class Beats {
  private final Semaphore requested = new Semaphore(0);
  private final Semaphore returned = new Semaphore(0);
  private final AtomicLong count = new AtomicLong();

  /** Asks for a beat now, because something looks wrong. */
  void request() {
    requested.release();
  }

  /** Forgets requests made until now. */
  void clearRequests() {
    requested.drainPermits();
  }

  /** Waits for a request; false if there was none in time. */
  boolean awaitRequest(long millis) throws InterruptedException {
    return requested.tryAcquire(millis, TimeUnit.MILLISECONDS);
  }

  /** The text of the next beat, unlike any before. */
  String next() {
    String beat = "beat " + count.incrementAndGet();
    returned.drainPermits();
    return beat;
  }

  /** Receives a message; returns whether it is a beat, the last one or an older one. */
  boolean accept(byte[] message) {
    boolean isBeat = message.length > 5 && text(message).startsWith("beat ");
    if (isBeat && text(message).equals("beat " + count)) {
      returned.release();
    }
    return isBeat;
  }

  /** Waits until the last beat has come back; false if it does not in time. */
  boolean awaitReturn(Duration timeout) throws InterruptedException {
    return Patience.await(nanos -> returned.tryAcquire(nanos, TimeUnit.NANOSECONDS), timeout);
  }
}
