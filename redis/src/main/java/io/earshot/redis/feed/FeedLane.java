package io.earshot.redis.feed;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.Written;
import io.earshot.redis.say.Standing;
import io.earshot.spi.BrokerException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Adds events to a part of the feed. While {@link #MOST_CALLS} are under way, further events wait
 * for an answer and then go together, so their order is kept.
 *
 * <p>Thread-safe: a concurrent queue, from which one thread at a time takes.
 */
final class FeedLane {
  private static final System.Logger LOG = System.getLogger(FeedLane.class.getName());

  private static final int MOST_CALLS = 2;
  private static final int MOST_EVENTS = 64;
  private static final int MOST_BYTES = 64 * 1024;

  /** How many bytes of events may wait to be sent; what comes then is refused. */
  private static final long MOST_WAITING_BYTES = 8 << 20;

  /** What an event takes up here besides its bytes, about. */
  private static final int OVERHEAD = 128;

  private final String stream;
  private final long limit;
  private final Standing standing;
  private final Failures failures;
  private final Queue<Waiting> queue = new ConcurrentLinkedQueue<>();
  private final AtomicLong waitingBytes = new AtomicLong();

  /** How often {@link #send} was asked for since it last ended; above 0 while a thread sends. */
  private final AtomicInteger asked = new AtomicInteger();

  private final AtomicInteger calls = new AtomicInteger();

  /**
   * Events that wait to be sent together.
   *
   * @param events the events, signed
   * @param size how many bytes they take up here
   * @param done completed when Redis has them
   */
  private record Waiting(List<byte[]> events, int size, CompletableFuture<Void> done) {}

  /**
   * A lane with nothing to send.
   *
   * @param stream the key of the part
   * @param limit how many bytes of events may wait in the part
   */
  FeedLane(String stream, long limit, Standing standing, Failures failures) {
    this.stream = stream;
    this.limit = limit;
    this.standing = standing;
    this.failures = failures;
  }

  /** Adds events that are signed; they go to Redis in one call. */
  CompletionStage<Void> add(List<byte[]> events) {
    Connections redis = standing.connections();
    if (redis == null) {
      return CompletableFuture.failedStage(standing.whyUnavailable());
    }
    int size = events.stream().mapToInt(each -> each.length + OVERHEAD).sum();
    var waiting = new Waiting(events, size, new CompletableFuture<>());
    if (waitingBytes.addAndGet(waiting.size) > MOST_WAITING_BYTES) {
      waitingBytes.addAndGet(-waiting.size);
      return CompletableFuture.failedStage(
          new BrokerException("the cluster cannot take this now; try again in a moment", false));
    }
    queue.add(waiting);
    send();
    return waiting.done;
  }

  /** Sends what waits, unless another thread does so, which then looks again. */
  private void send() {
    if (asked.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      while (calls.get() < MOST_CALLS && !queue.isEmpty()) {
        call(next());
      }
      seen = asked.addAndGet(-seen);
    } while (seen != 0);
  }

  private List<Waiting> next() {
    var some = new ArrayList<Waiting>();
    int bytes = 0;
    int events = 0;
    for (Waiting each = queue.peek();
        each != null
            && (some.isEmpty()
                || (events + each.events.size() <= MOST_EVENTS && bytes + each.size <= MOST_BYTES));
        each = queue.peek()) {
      some.add(queue.remove());
      events += each.events.size();
      bytes += each.size;
    }
    waitingBytes.addAndGet(-bytes);
    return some;
  }

  private void call(List<Waiting> some) {
    Connections redis = standing.connections();
    if (redis == null) {
      BrokerException why = standing.whyUnavailable();
      some.forEach(each -> each.done.completeExceptionally(why));
      return;
    }
    calls.incrementAndGet();
    var unused =
        failures
            .translated(sent(redis, some))
            .whenComplete((ignored, failure) -> answered(some, failure));
  }

  /** A fault, too, is an answer: without one, this lane would never send again. */
  private CompletionStage<List<byte[]>> sent(Connections redis, List<Waiting> some) {
    try {
      int bytes = 64;
      for (Waiting each : some) {
        bytes += each.size;
      }
      var arguments = new Written(bytes).add(limit);
      some.forEach(each -> each.events.forEach(arguments::add));
      return redis.run(FeedScripts.ADD, stream, Written.of(stream), arguments);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "adding events to the feed in Redis failed", e);
      return CompletableFuture.failedStage(e);
    }
  }

  private void answered(List<Waiting> some, @Nullable Throwable failure) {
    calls.decrementAndGet();
    send();
    for (Waiting each : some) {
      if (failure == null) {
        each.done.complete(null);
      } else {
        each.done.completeExceptionally(BrokerException.cause(failure));
      }
    }
  }
}
