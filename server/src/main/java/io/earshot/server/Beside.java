package io.earshot.server;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * What a start needs late and what takes long, on a thread of its own beside the start: the jars of
 * the class path, all of which the first {@code System.Logger} opens. A logger that is made
 * meanwhile waits for this thread. That the jars are open has a second use: an upgrade replaces the
 * files, and the server that runs goes on with its own.
 *
 * <p>Thread-safe: a future.
 *
 * @param began when the JVM started, as {@link System#nanoTime}
 */
record Beside(CompletableFuture<Long> began) {
  private static final int PATIENCE_SECONDS = 30;

  /** Starts the thread. If it fails, the next logger does, too. */
  static Beside start() {
    var began = new CompletableFuture<Long>();
    Thread.ofPlatform()
        .daemon()
        .name("jars")
        .start(() -> began.completeAsync(Beside::opened, Runnable::run));
    return new Beside(began);
  }

  private static Long opened() {
    var _ = System.getLogger(Beside.class.getName());
    return System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(uptime());
  }

  private static long uptime() {
    return ManagementFactory.getRuntimeMXBean().getUptime();
  }

  /**
   * For how long the JVM has run. Not the process: it was the launcher before, and may have built
   * the server. Waits for the thread, for half a minute.
   */
  Duration jvmRuns() {
    try {
      long start = began.copy().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
      return Duration.ofNanos(System.nanoTime() - start);
    } catch (CompletionException e) {
      return Duration.ofMillis(uptime()); // a server that listens goes on without its jars opened
    }
  }
}
