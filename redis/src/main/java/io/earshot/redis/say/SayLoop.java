package io.earshot.redis.say;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.spi.Loop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one event loop that wait to be sent. Those of one turn of the loop go in one
 * call. While {@link #MOST_CALLS} are under way, further ones wait for an answer, unless they fill
 * a call. So a message on its own is sent in its turn, and the calls are the larger the more Redis
 * has to do.
 *
 * <p>Owned by the event loop; when the loop has ended, by the thread that closes the broker.
 */
final class SayLoop {
  private static final System.Logger LOG = System.getLogger(SayLoop.class.getName());

  /** One is on its way while Redis runs the other. */
  private static final int MOST_CALLS = 2;

  private final Loop loop;
  private final Standing standing;
  private final Failures failures;
  private final FeedKeys feed;

  /** By what keys of one script have in common; see {@link Connections#group}. */
  private final Map<Integer, Lane> lanes = new HashMap<>();

  /** The lanes with messages of this turn. */
  private List<Lane> fresh = new ArrayList<>();

  private List<Lane> ending = new ArrayList<>();

  /**
   * The messages that can go together.
   *
   * <p>Owned by the event loop.
   */
  private static final class Lane {
    private final int group;
    private final ArrayDeque<Say> waiting = new ArrayDeque<>(2);
    private int calls;
    private boolean isFresh;

    Lane(int group) {
      this.group = group;
    }

    boolean mayCall() {
      return !waiting.isEmpty() && (calls < MOST_CALLS || isFull());
    }

    private boolean isFull() {
      if (waiting.size() >= SayCall.MOST_SAYS) {
        return true;
      }
      int bytes = 0;
      for (Say say : waiting) {
        bytes += say.size();
      }
      return bytes >= SayCall.MOST_BYTES;
    }
  }

  SayLoop(Loop loop, Standing standing, Failures failures, FeedKeys feed) {
    this.loop = loop;
    this.standing = standing;
    this.failures = failures;
    this.feed = feed;
  }

  /** Sends a message at the end of this turn, or later. */
  void add(int group, Say say) {
    Lane lane = lanes.computeIfAbsent(group, Lane::new);
    lane.waiting.add(say);
    if (!lane.isFresh) {
      lane.isFresh = true;
      fresh.add(lane);
      if (fresh.size() == 1) {
        loop.execute(this::turnEnds);
      }
    }
  }

  private void turnEnds() {
    List<Lane> lanesOfTurn = fresh;
    fresh = ending;
    ending = lanesOfTurn;
    for (Lane lane : lanesOfTurn) {
      lane.isFresh = false;
      while (lane.mayCall()) {
        call(lane);
      }
    }
    lanesOfTurn.clear();
  }

  /** Sends everything of a group that waits. */
  void flush(int group) {
    Lane lane = lanes.get(group);
    if (lane != null) {
      flush(lane);
    }
  }

  void flushAll() {
    lanes.values().forEach(this::flush);
  }

  private void flush(Lane lane) {
    while (!lane.waiting.isEmpty()) {
      call(lane);
    }
  }

  private void call(Lane lane) {
    var call = SayCall.of(lane.waiting);
    Connections redis = standing.connections();
    if (redis == null) {
      call.fail(standing.whyUnavailable());
    } else if (standing.isLeaseOver()) {
      call.fail(standing.lostContact());
    } else {
      lane.calls++;
      var unused =
          sent(call, redis)
              .whenComplete((answers, failure) -> answered(lane, call, answers, failure));
    }
  }

  /** A fault, too, is an answer: without one, this loop would never send again. */
  private CompletionStage<List<byte[]>> sent(SayCall call, Connections redis) {
    try {
      return call.send(redis, standing.leaseUntil(), feed.in(redis));
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, "sending messages to Redis failed", e);
      return CompletableFuture.failedStage(e);
    }
  }

  /** Called by any thread. */
  private void answered(
      Lane lane, SayCall call, @Nullable List<byte[]> answers, @Nullable Throwable failure) {
    Runnable complete = () -> call.complete(answers, failure, failures, standing);
    try {
      loop.execute(
          () -> {
            lane.calls--;
            complete.run();
            while (lane.mayCall()) {
              call(lane);
            }
            if (lane.calls == 0 && lane.waiting.isEmpty()) {
              lanes.remove(lane.group, lane);
            }
          });
    } catch (RejectedExecutionException e) {
      complete.run(); // the loop has ended
    }
  }
}
