package io.earshot.feed;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.feed.log.EventRecord;
import io.earshot.feed.log.Interest;
import io.earshot.feed.log.Source;
import io.earshot.feed.log.Store;
import io.earshot.feed.log.Waiter;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.RoomMessage;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Loop;
import io.earshot.spi.SharedFeed;
import io.earshot.spi.SharedFeed.Entry;
import io.earshot.spi.SharedFeed.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One part of the store of a cluster for one consumer. While this server serves the part, it keeps
 * the lease; the thread is interrupted if another server has got it.
 *
 * <p>Owned by the virtual thread that deals with the events. The answers about the lease come on
 * any thread, and a lock orders them with the begin and the end of the work.
 */
final class SharedSource implements Source {
  /** How long to wait when there is nothing, in milliseconds. */
  private static final long IDLE = 100;

  /** How long to wait when another server serves the part, or the store is away. */
  private static final long AWAY = 1_000;

  /** How often the lease is renewed while events are dealt with. */
  private static final long RENEW = 1_000;

  private final SharedFeed feed;
  private final int part;
  private final Feed.Consumer consumer;
  private final Interest wanted;
  private final Loop clock;
  private final Store.Trouble trouble;
  private final Waiter waiter;

  /** Up to where events are dealt with, if the store does not know it; null if it does. */
  private @Nullable String dealtWith;

  /** The position of the last event of the last {@link #next}. */
  private @Nullable String last;

  /** How many events were dropped, as the store has said; -1 before it has. */
  private long dropped = -1;

  private volatile long waiting;
  private volatile boolean isOurs;
  private volatile boolean isLost;

  /** The thread that deals with events; null for none. Guarded by this object's lock. */
  private @Nullable Thread working;

  /** Whether a renewal is scheduled or under way. Guarded by this object's lock. */
  private boolean isRenewing;

  SharedSource(
      SharedFeed feed, int part, Feed.Consumer consumer, Loop clock, Store.Trouble trouble) {
    this.feed = feed;
    this.part = part;
    this.consumer = consumer;
    this.wanted = Interest.of(List.of(consumer));
    this.clock = clock;
    this.trouble = trouble;
    this.waiter = new Waiter(clock);
  }

  @Override
  public List<FeedEvent> next() throws InterruptedException {
    isLost = false;
    while (true) {
      Turn turn = ask();
      if (turn == null) {
        pause(AWAY);
        continue;
      }
      dealtWith = null;
      isOurs = turn.isOurs();
      waiting = turn.isOurs() ? turn.waiting() : 0;
      noteDropped(turn);
      if (!turn.isOurs()) {
        pause(AWAY);
      } else if (turn.entries().isEmpty()) {
        pause(IDLE);
      } else {
        List<FeedEvent> events = wanted(turn.entries());
        last = turn.entries().getLast().position();
        if (!events.isEmpty()) {
          return events;
        }
        dealtWith = last;
      }
    }
  }

  private void pause(long millis) throws InterruptedException {
    waiter.await(() -> false, millis);
  }

  /** Asks the store for the next events; null if it is away. */
  private @Nullable Turn ask() throws InterruptedException {
    try {
      return feed.next(consumer.name(), part, dealtWith, consumer.most())
          .toCompletableFuture()
          .get();
    } catch (ExecutionException e) {
      return null;
    }
  }

  private void noteDropped(Turn turn) {
    if (turn.isOurs()) {
      if (dropped >= 0 && turn.dropped() > dropped) {
        trouble.tell(
            "the feed",
            "the oldest events that wait for the consumer "
                + consumer.name()
                + " were dropped, "
                + (turn.dropped() - dropped)
                + " of them (feed.bytes)");
      }
      dropped = turn.dropped();
    }
  }

  private List<FeedEvent> wanted(List<Entry> entries) {
    var events = new ArrayList<FeedEvent>();
    for (Entry each : entries) {
      FeedEvent event = event(each);
      if (event != null) {
        events.add(event);
      }
    }
    return events;
  }

  private @Nullable FeedEvent event(Entry entry) {
    byte[] record = entry.event();
    if (record != null) {
      return EventRecord.decode(record, wanted);
    }
    String room = entry.room();
    Placed message = entry.message();
    if (room == null || message == null || !wanted.wants(FeedEvent.Type.MESSAGE, room)) {
      return null;
    }
    Post post = message.post();
    Json.Obj json = new RoomMessage(room, post, message.place()).toJson();
    return post.announcement() == null ? EventRecord.event(json, room, post.audience()) : null;
  }

  // --- the lease -------------------------------------------------------------------------------

  @Override
  public synchronized void begins() {
    working = Thread.currentThread();
    if (!isRenewing) {
      isRenewing = true;
      renewLater();
    }
  }

  @Override
  public synchronized void ends() {
    working = null;
    if (isLost) {
      var unused = Thread.interrupted(); // it was for the work
    }
  }

  @Override
  public boolean isLost() {
    return isLost;
  }

  private void renewLater() {
    try {
      clock.execute(() -> clock.schedule(this::renew, RENEW));
    } catch (RejectedExecutionException e) {
      // The server stops.
    }
  }

  private synchronized void renew() {
    if (working == null || isLost) {
      isRenewing = false;
      return;
    }
    var unused =
        feed.next(consumer.name(), part, null, 0)
            .whenComplete(
                (turn, failure) -> {
                  if (turn != null && !turn.isOurs()) {
                    lose();
                  }
                  renewLater();
                });
  }

  private synchronized void lose() {
    isOurs = false;
    Thread thread = working;
    if (thread != null) {
      isLost = true;
      thread.interrupt();
    }
  }

  @Override
  public void done() {
    dealtWith = last;
  }

  @Override
  public void close() {
    if (isOurs && !isLost) {
      if (dealtWith != null) {
        var unused = feed.next(consumer.name(), part, dealtWith, 0);
      }
      feed.release(consumer.name(), part);
    }
  }

  @Override
  public long waiting() {
    return waiting;
  }
}
