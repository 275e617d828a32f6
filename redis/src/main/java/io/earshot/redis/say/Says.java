package io.earshot.redis.say;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.Script;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.Loop;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Publishes messages, those of one moment in one call of a script: in a Redis Cluster those of one
 * slot, which one script may change, and else those of all rooms of an event loop.
 *
 * <p>Thread-safe: what waits to be sent belongs to the event loop of its room. Another thread sends
 * its messages one by one.
 */
public final class Says {
  /** The script, for loading. */
  public static final Script SCRIPT = SayScript.SCRIPT;

  private final Standing standing;
  private final Failures failures;
  private final OwnSays own;
  private final FeedKeys feed;
  private final Map<Loop, SayLoop> loops = new ConcurrentHashMap<>();

  /**
   * Nothing waits.
   *
   * @param own remembers what is published
   * @param feed where messages become events
   */
  public Says(Standing standing, Failures failures, OwnSays own, FeedKeys feed) {
    this.own = own;
    this.feed = feed;
    this.standing = standing;
    this.failures = failures;
  }

  /**
   * Publishes a message.
   *
   * @param loop the event loop of the room
   * @param names the names of the room
   * @param post the message
   * @param message the same, signed
   * @param repeat the key of the message's id; null for none
   * @param window how long the id is remembered, in milliseconds
   */
  public CompletionStage<Cursor> publish(
      Loop loop,
      RoomNames names,
      Post post,
      byte[] message,
      Terms terms,
      @Nullable String repeat,
      long window) {
    Connections redis = standing.connections();
    if (redis == null || !redis.reaches(names.head())) {
      return CompletableFuture.failedStage(
          redis == null ? standing.whyUnavailable() : Connections.unreachableNow());
    }
    if (standing.isLeaseOver()) {
      return CompletableFuture.failedStage(standing.lostContact());
    }
    var place = new CompletableFuture<Cursor>();
    var say = new Say(names, post.origin(), message, terms, repeat, window, place);
    own.add(names.signed(), message, post);
    if (loop.inLoop()) {
      of(loop).add(redis.group(names.head()), say);
    } else {
      send(redis, say);
    }
    return place;
  }

  private SayLoop of(Loop loop) {
    SayLoop known = loops.get(loop);
    return known != null
        ? known
        : loops.computeIfAbsent(loop, each -> new SayLoop(each, standing, failures, feed));
  }

  private void send(Connections redis, Say say) {
    var call = SayCall.of(new ArrayDeque<>(List.of(say)));
    var unused =
        call.send(redis, standing.leaseUntil(), feed.in(redis))
            .whenComplete(
                (answers, failure) -> call.complete(answers, failure, failures, standing));
  }

  /**
   * Sends what waits, if this thread is the loop: it makes another request, which must not
   * overtake.
   *
   * @param key one of the keys of that request
   */
  public void flush(Loop loop, Connections redis, String key) {
    SayLoop known = loop.inLoop() ? loops.get(loop) : null;
    if (known != null) {
      known.flush(redis.group(key));
    }
  }

  /** Sends everything that waits. Blocks until each loop has done so, for a second at most. */
  public void close() {
    var flushed =
        loops.entrySet().stream()
            .map(
                each -> {
                  try {
                    return CompletableFuture.runAsync(each.getValue()::flushAll, each.getKey());
                  } catch (RejectedExecutionException e) {
                    each.getValue().flushAll(); // the loop has ended
                    return CompletableFuture.completedFuture(null);
                  }
                })
            .toArray(CompletableFuture<?>[]::new);
    var unused =
        CompletableFuture.allOf(flushed)
            .orTimeout(1, TimeUnit.SECONDS)
            .exceptionally(ignored -> null)
            .join();
  }
}
