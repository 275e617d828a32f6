package io.earshot.action;

import java.util.concurrent.CompletableFuture;

/** Passes the cancelling of an answer on to the work for it. Stateless. */
public final class Cancellation {
  private Cancellation() {}

  /** Cancels the work when the caller cancels its answer. Callable from any thread. */
  public static void forward(CompletableFuture<?> answer, CompletableFuture<?> work) {
    var unused =
        answer.whenComplete(
            (ignored, failure) -> {
              if (answer.isCancelled()) {
                work.cancel(true);
              }
            });
  }
}
