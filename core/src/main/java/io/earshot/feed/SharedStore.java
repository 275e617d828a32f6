package io.earshot.feed;

import io.earshot.Feed;
import io.earshot.feed.log.EventRecord;
import io.earshot.feed.log.Sink;
import io.earshot.feed.log.Source;
import io.earshot.feed.log.Store;
import io.earshot.protocol.Audience;
import io.earshot.spi.Loop;
import io.earshot.spi.SharedFeed;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The events of a cluster, in the store behind its broker.
 *
 * <p>Thread-safe: a volatile flag, and final parts, which are thread-safe.
 */
final class SharedStore implements Store, Sink {
  /** The most bytes that wait on this server while the store is away. */
  private static final long MOST_UNSENT = 64 << 20;

  /** How long to wait for the store when a consumer is added, in milliseconds. */
  private static final long PATIENCE = 5_000;

  private static final long RETRY = 100;

  private final SharedFeed feed;
  private final List<? extends Loop> loops;
  private final LongSupplier elapsed;
  private final Trouble trouble;
  private volatile boolean hasGivenUp;
  private final List<SharedSender> senders = new ArrayList<>();

  /**
   * A store.
   *
   * @param limit how many bytes of events may wait
   * @param elapsed the clock of durations, in milliseconds
   */
  SharedStore(
      SharedFeed feed,
      List<? extends Loop> loops,
      long limit,
      LongSupplier elapsed,
      Trouble trouble) {
    this.feed = feed;
    this.elapsed = elapsed;
    this.loops = loops;
    this.trouble = trouble;
    long each = Math.min(limit, MOST_UNSENT) / feed.parts();
    for (int part = 0; part < feed.parts(); part++) {
      senders.add(new SharedSender(feed, part, loop(part), each, trouble));
    }
  }

  private Loop loop(int part) {
    return loops.get(part % loops.size());
  }

  @Override
  public Sink sink(int loop) {
    return this;
  }

  @Override
  public void message(String room, byte[] name, @Nullable Audience audience, byte[] json) {
    event(room, EventRecord.message(name, audience, json));
  }

  @Override
  public void event(String key, byte[] record) {
    senders.get(feed.part(key)).add(record);
  }

  @Override
  public List<List<Source>> add(Feed.Consumer consumer) {
    var sources = new ArrayList<Source>();
    for (int part = 0; part < feed.parts(); part++) {
      sources.add(new SharedSource(feed, part, consumer, loop(part), trouble));
    }
    awaitKnown(consumer);
    return List.of(sources);
  }

  /** Waits until the store knows a consumer, which is told of what is added from then on. */
  private void awaitKnown(Feed.Consumer consumer) {
    long until = elapsed.getAsLong() + (hasGivenUp ? 0 : PATIENCE);
    try {
      for (int tries = 1; !isKnown(consumer); tries++) {
        if (elapsed.getAsLong() >= until || tries > PATIENCE / RETRY) {
          hasGivenUp = true; // so that a start with many consumers does not wait for each of them
          trouble.tell(
              "the consumer " + consumer.name(),
              "Redis is away: if it is new there, it is told of what happens once Redis is back");
          return;
        }
        pause();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Asks the store for the consumer's place in each part; false if the store is away. */
  private boolean isKnown(Feed.Consumer consumer) throws InterruptedException {
    try {
      var known = new ArrayList<CompletableFuture<?>>();
      for (int part = 0; part < feed.parts(); part++) {
        known.add(feed.next(consumer.name(), part, null, 0).toCompletableFuture());
      }
      CompletableFuture.allOf(known.toArray(CompletableFuture<?>[]::new))
          .get(PATIENCE, TimeUnit.MILLISECONDS);
      return true;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  private static void pause() throws InterruptedException {
    try {
      new CompletableFuture<@Nullable Void>().get(RETRY, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // the time is over
    }
  }

  @Override
  public void remove(Feed.Consumer consumer) {
    // The store knows what was dealt with.
  }

  @Override
  public long dropped() {
    return senders.stream().mapToLong(SharedSender::dropped).sum();
  }

  @Override
  public long unsent() {
    return senders.stream().mapToLong(SharedSender::count).sum();
  }

  /** Completes when all events are in the store; on any thread. */
  CompletableFuture<@Nullable Void> whenSent() {
    return CompletableFuture.allOf(
            senders.stream().map(SharedSender::whenEmpty).toArray(CompletableFuture<?>[]::new))
        .thenApply(ignored -> null);
  }
}
