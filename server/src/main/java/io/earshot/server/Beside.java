package io.earshot.server;

import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What a start needs late and what takes long, on a thread of its own beside the start: the jars of
 * the class path, all of which the first {@code System.Logger} opens. A logger that is made
 * meanwhile waits for this thread. That the jars are open has a second use: an upgrade replaces the
 * files, and the server that runs goes on with its own.
 *
 * <p>Thread-safe: a future.
 *
 * @param began when the JVM started
 */
record Beside(CompletableFuture<Instant> began) {
  private static final int PATIENCE_SECONDS = 30;

  /** Starts the thread. If it fails, {@link #jvmBegan} does, and so does the next logger. */
  static Beside start() {
    var began = new CompletableFuture<Instant>();
    Thread.ofPlatform()
        .daemon()
        .name("jars")
        .start(() -> began.completeAsync(Beside::opened, Runnable::run));
    return new Beside(began);
  }

  private static Instant opened() {
    var _ = System.getLogger(Beside.class.getName());
    return Instant.ofEpochMilli(ManagementFactory.getRuntimeMXBean().getStartTime());
  }

  /**
   * When the JVM started. Not the process: it was the launcher before, and may have built the
   * server. Waits for the thread.
   *
   * @throws java.util.concurrent.CompletionException if the thread failed, or takes half a minute
   */
  Instant jvmBegan() {
    return began.copy().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
  }
}
