package io.earshot.redis.link;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Bounded waits that a pause of this process, or of the whole machine, does not end early. */
public final class Patience {
  /**
   * A wait consists of so many shorter ones. A pause ends at most one of them, and the others give
   * the thread that reads the answer its turn.
   */
  private static final int PARTS = 5;

  private Patience() {}

  /** Something to wait for; returns whether it has happened. */
  public interface Event {
    /** Waits for so many nanoseconds at most. */
    boolean await(long nanos) throws InterruptedException;
  }

  /** Waits for an event; false if it does not happen in time. */
  public static boolean await(Event event, Duration timeout) throws InterruptedException {
    for (int i = 0; i < PARTS; i++) {
      if (event.await(timeout.toNanos() / PARTS)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Waits for a stage; blocks.
   *
   * @throws ExecutionException if the stage failed
   * @throws TimeoutException if the stage is not complete within the timeout
   * @throws InterruptedException if the thread is interrupted
   */
  public static <T> T await(CompletionStage<T> stage, Duration timeout)
      throws InterruptedException, ExecutionException, TimeoutException {
    var future = stage.toCompletableFuture();
    for (int i = 1; i < PARTS; i++) {
      try {
        return future.get(timeout.toNanos() / PARTS, TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        // Not the last part.
      }
    }
    return future.get(timeout.toNanos() / PARTS, TimeUnit.NANOSECONDS);
  }
}
