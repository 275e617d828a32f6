package io.earshot.netty.testing;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what a server does on its own threads. */
public final class Await {
  private Await() {}

  /**
   * Waits until a condition holds. Fails after ten seconds.
   *
   * @param what the condition in words
   */
  public static void until(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within ten seconds: " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }
}
