package io.earshot.feed;

import io.earshot.feed.log.Store;
import io.earshot.spi.Loop;
import io.earshot.spi.SharedFeed;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The events of one part on their way to the store of a cluster, one after the other, so that they
 * keep their order. While the store is away they wait here, up to a limit.
 *
 * <p>Owned by an event loop, which {@link #add} and {@link #whenEmpty} give tasks.
 */
final class SharedSender {
  /** How long to wait before an event is sent again, in milliseconds. */
  private static final long PAUSE = 1_000;

  private final SharedFeed feed;
  private final int part;
  private final Loop loop;
  private final long most;
  private final Store.Trouble trouble;
  private final Deque<byte[]> waiting = new ArrayDeque<>();
  private long bytes;
  private boolean isSending;
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
    while (bytes > most && waiting.size() > 2) {
      byte[] first = waiting.remove();
      if (isSending) {
        bytes -= waiting.remove().length; // the first one is on its way
        waiting.addFirst(first);
      } else {
        bytes -= first.length;
      }
      lost++;
    }
    count = waiting.size();
    if (lost > 0) {
      dropped += lost;
      trouble.tell("the feed", "Redis is away, and the oldest events that wait for it are dropped");
    }
    send();
  }

  private void send() {
    byte[] first = waiting.peek();
    if (isSending || first == null) {
      return;
    }
    isSending = true;
    var unused =
        feed.add(part, first).whenComplete((ignored, failure) -> run(() -> sent(failure == null)));
  }

  private void sent(boolean isDone) {
    isSending = false;
    if (!isDone) {
      loop.schedule(this::send, PAUSE);
      return;
    }
    bytes -= waiting.remove().length;
    count = waiting.size();
    send();
    if (waiting.isEmpty() && emptied != null) {
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
            if (waiting.isEmpty()) {
              done.complete(null);
            }
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
