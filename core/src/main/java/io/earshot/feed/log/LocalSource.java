package io.earshot.feed.log;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.disk.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads a {@link PartLog} for one consumer.
 *
 * <p>Owned by the virtual thread that deals with the events; the {@link Waiter} is thread-safe.
 */
final class LocalSource implements Source {
  /** The most bytes of records in one batch, unless a single one is longer. */
  private static final int MOST_BYTES = 1 << 20;

  private final LocalStore store;
  private final PartLog log;
  private final Feed.Consumer consumer;
  private final Interest wanted;
  private final Positions positions;
  private final Waiter waiter;

  /** The chunk that is read; null for none. */
  private @Nullable Chunk chunk;

  /** The position of the next record, and how many come before it. */
  private int at = Segment.START;

  private int records;

  /** The place after the events of the last {@link #next}. */
  private int atAfter;

  private int recordsAfter;

  LocalSource(LocalStore store, PartLog log, Feed.Consumer consumer, Positions positions) {
    this.store = store;
    this.log = log;
    this.consumer = consumer;
    this.wanted = Interest.of(List.of(consumer));
    this.positions = positions;
    this.waiter = new Waiter(log.loop());
  }

  @Override
  public @Nullable List<FeedEvent> next() throws InterruptedException {
    if (chunk == null && !open(store.chunkOf(log, positions))) {
      return over();
    }
    while (true) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      Chunk of = Objects.requireNonNull(chunk);
      Chunk following = of.next(); // read before the end, which no longer grows then
      List<FeedEvent> events = read(of);
      if (!events.isEmpty()) {
        return events;
      }
      if (recordsAfter > records) {
        done(); // nothing of it is wanted
      } else if (following != null) {
        open(following);
        store.moved(log, positions, following.number, 0);
      } else if (of.isDeleted() || log.isOver(of)) {
        if (!open(store.chunkAfter(log, of.number))) {
          return over();
        }
      } else {
        long due = store.save(consumer.name(), positions, false);
        waiter.await(
            () -> at < of.end() || of.next() != null || of.isDeleted() || log.isOver(of), due);
      }
    }
  }

  private boolean open(@Nullable Chunk first) {
    chunk = first;
    if (first == null) {
      return false;
    }
    records = store.recordsOf(log, positions, first.number);
    at = first.position(records);
    recordsAfter = records;
    atAfter = at;
    return true;
  }

  private @Nullable List<FeedEvent> over() {
    store.over(log, consumer.name(), positions);
    return null;
  }

  /** The next wanted events of a chunk; those before them are skipped. */
  private List<FeedEvent> read(Chunk of) {
    var events = new ArrayList<FeedEvent>();
    int bytes = 0;
    atAfter = at;
    recordsAfter = records;
    int end = of.end();
    while (atAfter < end && events.size() < consumer.most() && bytes < MOST_BYTES) {
      byte[] record = of.read(atAfter);
      if (record == null) {
        break; // dropped
      }
      atAfter = Segment.next(atAfter, record.length);
      recordsAfter++;
      FeedEvent event = EventRecord.decode(record, wanted);
      if (event != null) {
        events.add(event);
        bytes += record.length;
      }
    }
    return events;
  }

  @Override
  public void done() {
    at = atAfter;
    records = recordsAfter;
    Chunk of = chunk;
    if (of != null) {
      store.moved(log, positions, of.number, records);
    }
    var unused = store.save(consumer.name(), positions, false);
  }

  @Override
  public void close() {
    store.closed(log, this);
  }

  @Override
  public long waiting() {
    return store.waiting(log, positions);
  }

  boolean isWaiting() {
    return waiter.isWaiting();
  }

  void wake() {
    waiter.wake();
  }
}
