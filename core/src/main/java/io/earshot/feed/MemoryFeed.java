package io.earshot.feed;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.config.Glob;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A feed whose events wait in memory.
 *
 * <p>Thread-safe: each consumer's queue has a lock.
 */
public final class MemoryFeed implements Feed, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(MemoryFeed.class.getName());

  private final Map<String, Waiting> consumers = new ConcurrentHashMap<>();

  /** What waits for one consumer. Thread-safe: a lock. */
  private static final class Waiting implements Registration {
    private final Consumer consumer;
    private final Handler handler;
    private final List<Glob> rooms;
    private final ArrayDeque<FeedEvent> events = new ArrayDeque<>();
    private @Nullable Thread thread;

    Waiting(Consumer consumer, Handler handler) {
      this.consumer = consumer;
      this.handler = handler;
      this.rooms = consumer.rooms().stream().map(Glob::new).toList();
    }

    synchronized void add(FeedEvent event) {
      String room = event.room();
      if (consumer.types().contains(event.type())
          && (room == null || rooms.stream().anyMatch(each -> each.matches(room)))) {
        events.add(event);
        notifyAll();
      }
    }

    private synchronized List<FeedEvent> next() throws InterruptedException {
      while (events.isEmpty()) {
        wait();
      }
      return events.stream().limit(consumer.most()).toList();
    }

    private synchronized void done(int count) {
      for (int i = 0; i < count; i++) {
        events.remove();
      }
    }

    void run() {
      try {
        while (true) {
          List<FeedEvent> some = next();
          try {
            handler.handle(new ArrayList<>(some));
            done(some.size());
          } catch (InterruptedException e) {
            throw e;
          } catch (Exception e) {
            LOG.log(Level.WARNING, "consumer " + consumer.name() + " failed", e);
            Thread.sleep(1_000);
          }
        }
      } catch (InterruptedException e) {
        // closed
      }
    }

    @Override
    public void close() {
      if (thread != null) {
        thread.interrupt();
      }
    }
  }

  @Override
  public Registration add(Consumer consumer, Handler handler) {
    var waiting = new Waiting(consumer, handler);
    if (consumers.putIfAbsent(consumer.name(), waiting) != null) {
      throw new IllegalArgumentException("there is a consumer " + consumer.name() + " already");
    }
    waiting.thread = Thread.startVirtualThread(waiting::run);
    return () -> {
      consumers.remove(consumer.name(), waiting);
      waiting.close();
    };
  }

  /** Tells all consumers of an event. */
  public void tell(FeedEvent event) {
    consumers.values().forEach(each -> each.add(event));
  }

  @Override
  public void close() {
    consumers.values().forEach(Waiting::close);
  }
}
