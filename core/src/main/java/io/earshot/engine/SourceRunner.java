package io.earshot.engine;

import io.earshot.ChatRoom;
import io.earshot.Publication;
import io.earshot.RefusedException;
import io.earshot.protocol.Cursor;
import io.earshot.spi.BrokerException;
import io.earshot.spi.ExtensionContext;
import io.earshot.spi.Source;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Tells rooms the messages of a {@link Source}: those of one room one after the other, those of
 * several rooms at the same time. A message that cannot be told now, as while the cluster is away,
 * holds back the later ones of its room, and is tried again.
 *
 * <p>Thread-safe: one virtual thread does everything. It holds a lock while it tells a batch, which
 * {@link #close} waits for.
 */
final class SourceRunner implements AutoCloseable {
  /** How long to wait for a message of the source, in one call. */
  private static final Duration MOST = Duration.ofSeconds(1);

  /** How long a room may take for one message, in milliseconds. */
  private static final long PATIENCE = 30_000;

  private static final long FIRST_PAUSE = 250;
  private static final long LONGEST_PAUSE = 30_000;

  /** How long {@link #close} waits for the batch that is being told, and for the thread. */
  private static final Duration CLOSING = Duration.ofSeconds(5);

  private final Source source;
  private final ExtensionContext context;
  private final ChatRoom rooms;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final ReentrantLock telling = new ReentrantLock();
  private final Thread thread;
  private long pause = FIRST_PAUSE;

  SourceRunner(Source source, ExtensionContext context) {
    this.source = source;
    this.context = context;
    this.rooms = context.api().chatRoom();
    this.thread = Thread.ofVirtual().name("source " + source.name()).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  private boolean isClosing() {
    return closing.getCount() == 0;
  }

  private void run() {
    while (!isClosing()) {
      try (Source.Reading reading = source.open()) {
        while (!isClosing()) {
          List<Source.Item> items = reading.next(MOST);
          if (items.isEmpty()) {
            pause = FIRST_PAUSE;
          } else {
            tell(items, reading);
          }
        }
      } catch (InterruptedException e) {
        return;
      } catch (Exception e) {
        if (!isClosing()) {
          context.problem(source.name(), "its messages cannot be read: " + e.getMessage());
          pause();
        }
      }
    }
  }

  /** Waits, longer each time. */
  private void pause() {
    try {
      var unused = closing.await(pause, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      return; // the loop ends, since the runner is closing
    }
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  }

  private void tell(List<Source.Item> items, Source.Reading reading) throws Exception {
    telling.lockInterruptibly();
    try {
      if (isClosing()) {
        return;
      }
      List<Source.Result> results = tell(items);
      if (!results.isEmpty()) {
        reading.done(results);
        pause = FIRST_PAUSE;
        return;
      }
    } finally {
      telling.unlock();
    }
    pause(); // none of the rooms can be told now
  }

  /** Tells messages, and returns what became of those that need not be tried again. */
  private List<Source.Result> tell(List<Source.Item> items) throws InterruptedException {
    var results = new ArrayList<Source.Result>();
    var waiting = new LinkedHashMap<String, Queue<Source.Item>>();
    for (Source.Item item : items) {
      Publication publication = item.publication();
      if (publication == null) {
        results.add(new Source.Result(item.id(), null, String.valueOf(item.fault())));
      } else {
        waiting.computeIfAbsent(publication.room(), ignored -> new ArrayDeque<>()).add(item);
      }
    }
    while (!waiting.isEmpty()) {
      tellFirst(waiting, results);
    }
    return results;
  }

  /** Tells the first message of each room, and drops the rooms that cannot be told more now. */
  private void tellFirst(Map<String, Queue<Source.Item>> waiting, List<Source.Result> results)
      throws InterruptedException {
    var told = new LinkedHashMap<String, CompletableFuture<Cursor>>();
    waiting.forEach((room, queue) -> told.put(room, publish(queue.element())));
    for (Iterator<Map.Entry<String, Queue<Source.Item>>> each = waiting.entrySet().iterator();
        each.hasNext(); ) {
      Map.Entry<String, Queue<Source.Item>> entry = each.next();
      Queue<Source.Item> queue = entry.getValue();
      Source.Result result = result(queue.remove(), told.get(entry.getKey()));
      if (result != null) {
        results.add(result);
      }
      if (result == null || queue.isEmpty()) {
        each.remove();
      }
    }
  }

  private CompletableFuture<Cursor> publish(Source.Item item) {
    Publication publication = item.publication();
    try {
      CompletionStage<Cursor> told = rooms.publish(Objects.requireNonNull(publication));
      return told.toCompletableFuture();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** What became of a message; null if it is to be tried again. */
  private Source.@Nullable Result result(Source.Item item, @Nullable CompletableFuture<Cursor> told)
      throws InterruptedException {
    if (told == null) {
      return null;
    }
    try {
      return new Source.Result(item.id(), told.get(PATIENCE, TimeUnit.MILLISECONDS), null);
    } catch (TimeoutException e) {
      context.problem(source.name(), "a room did not take a message within 30 s");
      return null;
    } catch (ExecutionException e) {
      Throwable cause = BrokerException.cause(e.getCause() == null ? e : e.getCause());
      if (cause instanceof RefusedException
          || cause instanceof BrokerException
          || cause instanceof RejectedExecutionException) {
        context.problem(source.name(), "a message is not told yet: " + cause.getMessage());
        return null;
      }
      return new Source.Result(item.id(), null, String.valueOf(cause.getMessage()));
    }
  }

  /** Tells the batch that it has begun, and ends. */
  @Override
  public void close() {
    closing.countDown();
    boolean isBetween = false;
    try {
      isBetween = telling.tryLock(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
      thread.interrupt();
      var unused = thread.join(CLOSING);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (isBetween) {
        telling.unlock();
      }
    }
  }
}
