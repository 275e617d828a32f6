package io.earshot.feed;

import io.earshot.Feed;
import io.earshot.feed.log.EventRecord;
import io.earshot.feed.log.Sink;
import io.earshot.feed.log.Source;
import io.earshot.feed.log.Store;
import io.earshot.protocol.Audience;
import io.earshot.spi.Loop;
import io.earshot.spi.SharedFeed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The events of a cluster, in the store behind its broker.
 *
 * <p>Thread-safe: final parts, which are thread-safe.
 */
final class SharedStore implements Store, Sink {
  /** The most bytes that wait on this server while the store is away. */
  private static final long MOST_UNSENT = 64 << 20;

  /** How long to wait for the store when a consumer is added. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final SharedFeed feed;
  private final List<? extends Loop> loops;
  private final Trouble trouble;
  private final List<SharedSender> senders = new ArrayList<>();

  /**
   * A store.
   *
   * @param limit how many bytes of events may wait
   */
  SharedStore(SharedFeed feed, List<? extends Loop> loops, long limit, Trouble trouble) {
    this.feed = feed;
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
    var known = new ArrayList<CompletableFuture<?>>();
    for (int part = 0; part < feed.parts(); part++) {
      sources.add(new SharedSource(feed, part, consumer, loop(part), trouble));
      known.add(feed.next(consumer.name(), part, null, 0).toCompletableFuture());
    }
    awaitKnown(consumer, known);
    return List.of(sources);
  }

  /** Waits until the store knows a consumer, which is told of what is added from then on. */
  private void awaitKnown(Feed.Consumer consumer, List<CompletableFuture<?>> known) {
    try {
      CompletableFuture.allOf(known.toArray(CompletableFuture<?>[]::new))
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      trouble.tell(
          "the consumer " + consumer.name(),
          "Redis is away: if it is new there, it is told of what happens once Redis is back");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
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
