package io.earshot.netty.admin;

import io.earshot.netty.http.ProblemException;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The calls of the last time by their idempotency keys, so that a call that is repeated is not done
 * again. A call that failed, or a part of which did, is forgotten, and may be tried again. Nothing
 * is forgotten before its time: the number of calls is bounded by the rate limit of each admin key.
 *
 * <p>Thread-safe: guarded by its lock.
 */
final class AdminRepeats {
  private final long window;
  private final Map<String, Call> calls = new LinkedHashMap<>();

  @SuppressWarnings("ArrayRecordComponent") // compared by its content
  private record Call(byte[] digest, CompletableFuture<AdminReply> answer, long at) {}

  /**
   * No calls yet.
   *
   * @param window how long a call is remembered, in nanoseconds
   */
  AdminRepeats(long window) {
    this.window = window;
  }

  /**
   * Does the work of a call, unless the same call was made before.
   *
   * @param key the idempotency key
   * @param digest a digest of the whole call
   * @param now the time, in nanoseconds
   * @param work does what the call asks for; not run with the lock held
   */
  CompletableFuture<AdminReply> once(
      String key, byte[] digest, long now, Supplier<CompletableFuture<AdminReply>> work)
      throws ProblemException {
    var answer = new CompletableFuture<AdminReply>();
    var first = new Call(digest, answer, now);
    synchronized (this) {
      var oldest = calls.values().iterator();
      while (oldest.hasNext() && now - oldest.next().at >= window) {
        oldest.remove();
      }
      Call before = calls.get(key);
      if (before != null) {
        if (!MessageDigest.isEqual(before.digest, digest)) {
          throw new ProblemException(
              HttpResponseStatus.UNPROCESSABLE_ENTITY,
              "this Idempotency-Key was used for something else");
        }
        return before.answer.copy();
      }
      calls.put(key, first);
    }
    var unused =
        work.get()
            .whenComplete(
                (reply, failure) -> {
                  if (failure != null || !reply.isComplete()) {
                    forget(key, first);
                  }
                  if (failure == null) {
                    answer.complete(reply);
                  } else {
                    answer.completeExceptionally(failure);
                  }
                });
    return answer.copy(); // a client that leaves cancels the copy
  }

  private synchronized void forget(String key, Call what) {
    calls.remove(key, what);
  }
}
