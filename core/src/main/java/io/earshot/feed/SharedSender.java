package io.earshot.feed;

import io.earshot.feed.log.Store;
import io.earshot.spi.Loop;
import io.earshot.spi.SharedFeed;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The events of one part on their way to the store of a cluster, a list of them at a time, so that
 * they keep their order. While the store is away they wait here, up to a limit.
 *
 * <p>Owned by an event loop, which {@link #add} and {@link #whenEmpty} give tasks.
 */
final class SharedSender {
  /** How long to wait before an event is sent again, in milliseconds. */
  private static final long PAUSE = 1_000;

  /** How many events are under way at most, and their bytes, unless a single one has more. */
  private static final int MOST_EVENTS = 64;

  private static final int MOST_BYTES = 64 << 10;

  private final SharedFeed feed;
  private final int part;
  private final Loop loop;
  private final long most;
  private final Store.Trouble trouble;
  private final Deque<byte[]> waiting = new ArrayDeque<>();

  /** The events under way, which are before those that wait; empty while none are. */
  private List<byte[]> sending = List.of();

  /** Of all events that are not in the store. */
  private long bytes;

  /** Whether a timer will send what waits. */
  private boolean isPausing;

  /** Whether the store did not take the last events. */
  private boolean isFailing;

  private @Nullable CompletableFuture<@Nullable Void> emptied;
  private volatile int count;
  private volatile long dropped;

  /**
   * A sender without events.
   *
   * @param most how many bytes may wait
   */
  SharedSender(SharedFeed feed, int part, Loop loop, long most, Store.Trouble trouble) {
    this.feed = feed;
    this.part = part;
    this.loop = loop;
    this.most = most;
    this.trouble = trouble;
  }

  /** Adds an event. Callable from any thread; those of one thread keep their order. */
  void add(byte[] record) {
    if (loop.inLoop()) {
      queue(record);
    } else {
      run(() -> queue(record));
    }
  }

  private void run(Runnable task) {
    try {
      loop.execute(task);
    } catch (RejectedExecutionException e) {
      // The loop has ended.
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // the event loop alone writes it
  private void queue(byte[] record) {
    waiting.add(record);
    bytes += record.length;
    long lost = 0;
    while (bytes > most && waiting.size() > 1) {
      bytes -= waiting.remove().length;
      lost++;
    }
    count = sending.size() + waiting.size();
    if (lost > 0) {
      dropped += lost;
      trouble.tell(
          "the feed",
          (isFailing ? "Redis takes no events" : "Redis takes events more slowly than they happen")
              + ": the oldest that wait for it on this server are dropped");
    }
    send();
  }

  private void send() {
    if (!sending.isEmpty() || isPausing || waiting.isEmpty()) {
      return;
    }
    var some = new ArrayList<byte[]>();
    int size = 0;
    for (byte[] each = waiting.peek();
        each != null
            && (some.isEmpty() || (some.size() < MOST_EVENTS && size + each.length <= MOST_BYTES));
        each = waiting.peek()) {
      some.add(waiting.remove());
      size += each.length;
    }
    sending = some;
    var unused =
        feed.add(part, List.copyOf(some))
            .whenComplete((ignored, failure) -> run(() -> sent(failure == null)));
  }

  private void sent(boolean isDone) {
    List<byte[]> some = sending;
    sending = List.of();
    isFailing = !isDone;
    if (!isDone) {
      some.reversed().forEach(waiting::addFirst);
      isPausing = true;
      loop.schedule(this::goOn, PAUSE);
      return;
    }
    some.forEach(each -> bytes -= each.length);
    count = waiting.size();
    send();
    complete();
  }

  private void goOn() {
    isPausing = false;
    send();
  }

  private void complete() {
    if (sending.isEmpty() && waiting.isEmpty() && emptied != null) {
      emptied.complete(null);
    }
  }

  /** Completes when no event waits; on any thread. */
  CompletableFuture<@Nullable Void> whenEmpty() {
    var done = new CompletableFuture<@Nullable Void>();
    try {
      loop.execute(
          () -> {
            emptied = done;
            complete();
          });
    } catch (RejectedExecutionException e) {
      done.complete(null);
    }
    return done;
  }

  /** How many events wait. Callable from any thread. */
  int count() {
    return count;
  }

  /** How many events were dropped. Callable from any thread. */
  long dropped() {
    return dropped;
  }
}
