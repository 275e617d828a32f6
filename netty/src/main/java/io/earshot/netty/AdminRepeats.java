package io.earshot.netty;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * What was asked under which idempotency keys, so that the same asked again is not done again. What
 * failed is forgotten, and may be tried again. How many there are is bounded by how often a key may
 * be used: nothing is forgotten before its time.
 *
 * <p>Thread-safe: guarded by its lock.
 */
final class AdminRepeats {
  private final long window;
  private final Map<String, Asked> asked = new LinkedHashMap<>();

  @SuppressWarnings("ArrayRecordComponent") // compared by its content
  private record Asked(byte[] digest, CompletableFuture<Admin.Said> answer, long at) {}

  /** How long something is remembered, in nanoseconds. */
  AdminRepeats(long window) {
    this.window = window;
  }

  /**
   * Does something, unless it was done.
   *
   * @param key what it is called
   * @param digest of all that was asked
   * @param now the time, in nanoseconds
   * @param work does it; not run with the lock held
   */
  CompletableFuture<Admin.Said> once(
      String key, byte[] digest, long now, Supplier<CompletableFuture<Admin.Said>> work)
      throws ProblemException {
    var answer = new CompletableFuture<Admin.Said>();
    var first = new Asked(digest, answer, now);
    synchronized (this) {
      var oldest = asked.values().iterator();
      while (oldest.hasNext() && now - oldest.next().at >= window) {
        oldest.remove();
      }
      Asked before = asked.get(key);
      if (before != null) {
        if (!MessageDigest.isEqual(before.digest, digest)) {
          throw new ProblemException(
              HttpResponseStatus.UNPROCESSABLE_ENTITY,
              "this Idempotency-Key was used for something else");
        }
        return before.answer.copy();
      }
      asked.put(key, first);
    }
    var _ =
        work.get()
            .whenComplete(
                (said, failure) -> {
                  if (failure == null) {
                    answer.complete(said);
                  } else {
                    forget(key, first);
                    answer.completeExceptionally(failure);
                  }
                });
    return answer.copy(); // who wants it no more cancels a copy
  }

  private synchronized void forget(String key, Asked what) {
    asked.remove(key, what);
  }
}
