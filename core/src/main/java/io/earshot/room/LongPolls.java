package io.earshot.room;

import io.earshot.protocol.Excerpt;
import io.earshot.spi.Refusal;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * All who wait for what rooms of one loop tell next, by the time until which they do. One timer
 * looks after them, so that somebody who comes and goes leaves nothing behind.
 *
 * <p>Owned by that event loop.
 */
public final class LongPolls {
  private static final long NEVER = Long.MAX_VALUE;

  private final Shard shard;
  private final AtomicInteger count;
  private final int most;
  private final TreeSet<LongPoll> all =
      new TreeSet<>(Comparator.comparingLong(LongPoll::until).thenComparingLong(LongPoll::number));
  private long numbers;
  private long nextLook = NEVER;
  private boolean stopping;

  /**
   * Nobody waits yet.
   *
   * @param count how many wait on all loops together
   * @param most how many may
   */
  LongPolls(Shard shard, AtomicInteger count, int most) {
    this.shard = shard;
    this.count = count;
    this.most = most;
  }

  /**
   * Waits for what a room tells next.
   *
   * @param millis for how long
   * @param recovered what is to be said of the cursor that was given
   * @param answer completed when there is something, or the time is over
   */
  public void add(
      Room room, long millis, @Nullable Boolean recovered, CompletableFuture<Excerpt> answer) {
    var poll = new LongPoll(room, shard.now() + millis, numbers++, recovered, answer);
    room.add(poll);
    if (stopping) {
      poll.tellNothing();
    } else if (count.get() >= most) {
      shard.count(Refusal.POLLS);
      answer.completeExceptionally(
          new RejectedExecutionException(
              "too many requests wait for messages already; try again later"));
    }
    count.incrementAndGet();
    all.add(poll);
    var _ = answer.whenComplete((_, _) -> shard.tell(() -> remove(poll)));
    lookLater();
  }

  private void remove(LongPoll poll) {
    if (all.remove(poll)) {
      count.decrementAndGet();
      poll.room().remove(poll);
    }
  }

  private void lookLater() {
    if (!all.isEmpty() && all.getFirst().until() < nextLook) {
      long at = all.getFirst().until();
      nextLook = at;
      shard.schedule(() -> look(at), Math.max(1, at - shard.now()));
    }
  }

  private void look(long at) {
    if (at == nextLook) { // and not one that another has overtaken
      nextLook = NEVER;
      while (!all.isEmpty() && all.getFirst().until() <= at) {
        end(all.getFirst());
      }
      lookLater();
    }
  }

  private void end(LongPoll poll) {
    poll.tellNothing();
    remove(poll); // for one that was cancelled peers, and is not removed yet
  }

  /** Answers all, and lets nobody wait any more. */
  public void stop() {
    stopping = true;
    List.copyOf(all).forEach(this::end);
  }
}
