package io.earshot.client;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Completes the futures that programs hold, and waits for them.
 *
 * <p>Thread-safe: stateless. Futures are completed on threads of their own, so that callbacks of
 * the program never run under a connection's lock.
 */
final class Futures {
  private Futures() {}

  static <T extends @Nullable Object> void complete(CompletableFuture<T> future, T value) {
    Threads.PER_TASK.execute(() -> future.complete(value));
  }

  static void fail(CompletableFuture<?> future, RuntimeException failure) {
    Threads.PER_TASK.execute(() -> future.completeExceptionally(failure));
  }

  /** Blocks until the stage is completed. Any failure becomes an {@link EarshotException}. */
  static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw explained(e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EarshotException("interrupted while waiting for an answer", e);
    }
  }

  /** Any failure as an {@link EarshotException}. */
  static EarshotException explained(Throwable failure) {
    Throwable cause = cause(failure);
    if (cause instanceof TimeoutException) {
      return new EarshotException("the server did not answer in time", cause);
    }
    boolean isExplained =
        cause instanceof EarshotException || cause instanceof IllegalArgumentException;
    return new EarshotException(
        isExplained ? String.valueOf(cause.getMessage()) : cause.toString(), cause);
  }

  /** The failure without the {@link CompletionException} around it. */
  static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }
}
