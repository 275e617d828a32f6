package io.earshot.room;

import io.earshot.protocol.Excerpt;
import io.earshot.spi.Refusal;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The long polls of all rooms of one event loop, ordered by their time limits. One timer serves all
 * of them, so that a request which is answered early leaves no timer behind.
 *
 * <p>Owned by that event loop.
 */
public final class LongPolls {
  private static final long NEVER = Long.MAX_VALUE;

  private final Shard shard;
  private final AtomicInteger count;
  private final int limit;
  private final TreeSet<LongPoll> all =
      new TreeSet<>( // Comparator.comparingLong would make the JVM create classes at each start
          (a, b) ->
              a.until() == b.until()
                  ? Long.compare(a.number(), b.number())
                  : Long.compare(a.until(), b.until()));
  private long numbers;
  private long nextCheck = NEVER;
  private boolean stopping;

  /**
   * No long polls yet.
   *
   * @param count the number of long polls of all loops
   * @param limit the largest value of that number
   */
  LongPolls(Shard shard, AtomicInteger count, int limit) {
    this.shard = shard;
    this.count = count;
    this.limit = limit;
  }

  /**
   * Waits for the next message of a room.
   *
   * @param millis the longest wait, in milliseconds
   * @param recovered whether the request's cursor was found; part of the answer
   * @param answer completed with the message, or without one when the time is over
   */
  public void add(
      Room room, long millis, @Nullable Boolean recovered, CompletableFuture<Excerpt> answer) {
    var poll = new LongPoll(room, shard.elapsed() + millis, numbers++, recovered, answer);
    room.add(poll);
    if (stopping) {
      poll.answerEmpty();
    } else if (count.get() >= limit) {
      shard.count(Refusal.POLLS);
      answer.completeExceptionally(
          new RejectedExecutionException(
              "too many requests wait for messages already; try again later"));
    }
    count.incrementAndGet();
    all.add(poll);
    var unused = answer.whenComplete((ignored, failure) -> shard.tell(() -> remove(poll)));
    checkLater();
  }

  private void remove(LongPoll poll) {
    if (all.remove(poll)) {
      count.decrementAndGet();
      poll.room().remove(poll);
    }
  }

  private void checkLater() {
    if (!all.isEmpty() && all.getFirst().until() < nextCheck) {
      long at = all.getFirst().until();
      nextCheck = at;
      shard.schedule(() -> check(at), Math.max(1, at - shard.elapsed()));
    }
  }

  private void check(long at) {
    if (at == nextCheck) { // else an earlier check replaced this one
      nextCheck = NEVER;
      while (!all.isEmpty() && all.getFirst().until() <= at) {
        end(all.getFirst());
      }
      checkLater();
    }
  }

  private void end(LongPoll poll) {
    poll.answerEmpty();
    remove(poll); // a poll that another thread cancelled is not removed yet
  }

  /** Answers all requests, and from now on each new one at once. */
  public void stop() {
    stopping = true;
    List.copyOf(all).forEach(this::end);
  }
}
