package io.earshot.feed;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.action.LogLimit;
import io.earshot.feed.log.Source;
import io.earshot.feed.log.Store;
import io.earshot.feed.log.Waiter;
import io.earshot.spi.Loop;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Gives the events of one consumer to its handler, on a virtual thread for each part.
 *
 * <p>Thread-safe: a lock guards the list of threads, and a volatile flag ends them.
 */
final class Delivery {
  private static final System.Logger LOG = System.getLogger(Feed.class.getName());

  /** The pauses before events are repeated, in milliseconds. */
  private static final long FIRST_PAUSE = 100;

  private static final long LONGEST_PAUSE = 60_000;

  /** How long {@link #close} waits for a handler that was interrupted. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Feed.Consumer consumer;
  private final Feed.Handler handler;
  private final List<? extends Loop> loops;
  private final LongSupplier elapsed;
  private final Store.Trouble trouble;
  private final LogLimit logLimit = new LogLimit();
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock. */
  private final List<Thread> threads = new ArrayList<>();

  private volatile List<Work> works = List.of();
  private volatile boolean isClosed;

  /**
   * A delivery that has not begun.
   *
   * @param loops the loops whose timers end pauses
   * @param elapsed the clock of durations, in milliseconds
   */
  Delivery(
      Feed.Consumer consumer,
      Feed.Handler handler,
      List<? extends Loop> loops,
      LongSupplier elapsed,
      Store.Trouble trouble) {
    this.consumer = consumer;
    this.handler = handler;
    this.loops = loops;
    this.elapsed = elapsed;
    this.trouble = trouble;
  }

  Feed.Consumer consumer() {
    return consumer;
  }

  /** One part. Owned by its thread; {@code since} is volatile. */
  private static final class Work {
    final Source source;
    final Waiter waiter;

    /**
     * When the first event happened that the handler has, in milliseconds since 1970; 0 for none.
     */
    volatile long since;

    Work(Source source, Waiter waiter) {
      this.source = source;
      this.waiter = waiter;
    }
  }

  /** Begins with the first group of sources; each further one follows when the last is over. */
  void start(List<List<Source>> groups) {
    var all = new ArrayList<Work>();
    var grouped = new ArrayList<List<Work>>();
    for (List<Source> group : groups) {
      var works = new ArrayList<Work>();
      for (Source source : group) {
        works.add(new Work(source, new Waiter(loops.get(works.size() % loops.size()))));
      }
      all.addAll(works);
      grouped.add(works);
    }
    works = all;
    start(grouped, 0);
  }

  private void start(List<List<Work>> groups, int number) {
    lock.lock();
    try {
      if (isClosed || number == groups.size()) {
        return;
      }
      threads.removeIf(each -> !each.isAlive());
      List<Work> group = groups.get(number);
      var running = new AtomicInteger(group.size());
      for (int i = 0; i < group.size(); i++) {
        Work work = group.get(i);
        Runnable over =
            () -> {
              if (running.decrementAndGet() == 0) {
                start(groups, number + 1);
              }
            };
        threads.add(
            Thread.ofVirtual()
                .name("feed " + consumer.name() + " " + i)
                .start(() -> run(work, over)));
      }
    } finally {
      lock.unlock();
    }
  }

  private void run(Work work, Runnable over) {
    try {
      while (!isClosed) {
        List<FeedEvent> events = work.source.next();
        if (events == null) {
          over.run();
          return;
        }
        work.since = events.getFirst().at();
        deal(work, events);
        work.since = 0;
      }
    } catch (InterruptedException e) {
      // closed
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "the consumer " + consumer.name() + " of the feed has ended", e);
      trouble.tell("the consumer " + consumer.name(), "it has ended: " + e);
    } finally {
      work.source.close();
    }
  }

  /** Calls the handler until the events are dealt with, or are no longer this server's. */
  private void deal(Work work, List<FeedEvent> events) throws InterruptedException {
    Source source = work.source;
    source.begins();
    try {
      long pause = FIRST_PAUSE;
      while (!isTaken(events)) {
        if (isClosed) {
          throw new InterruptedException();
        }
        if (source.isLost()) {
          return;
        }
        work.waiter.await(source::isLost, pause);
        pause = Math.min(LONGEST_PAUSE, pause * 2);
      }
    } catch (InterruptedException e) {
      if (isClosed || !source.isLost()) {
        throw e;
      }
      return; // another server deals with them now
    } finally {
      source.ends();
    }
    if (!source.isLost()) {
      source.done();
    }
  }

  private boolean isTaken(List<FeedEvent> events) throws InterruptedException {
    try {
      handler.handle(events);
      return true;
    } catch (InterruptedException e) {
      throw e;
    } catch (Throwable e) { // errors too: the events come again whatever the handler does
      if (!isClosed) {
        trouble.tell("the consumer " + consumer.name(), "it fails, and is told again: " + e);
        if (logLimit.mayLog(elapsed.getAsLong())) {
          LOG.log(Level.WARNING, "the consumer " + consumer.name() + " of the feed fails", e);
        }
      }
      return false;
    }
  }

  /** How many events wait, those included that the handler has. */
  long waiting() {
    return works.stream().mapToLong(each -> each.source.waiting()).sum();
  }

  /**
   * How long ago the oldest event happened that the handler has, in milliseconds.
   *
   * @param now the time of day, in milliseconds since 1970
   */
  long delay(long now) {
    return works.stream()
        .mapToLong(each -> each.since)
        .filter(since -> since > 0)
        .map(since -> Math.max(0, now - since))
        .max()
        .orElse(0);
  }

  /** Interrupts the threads, which end soon. */
  List<Thread> interrupt() {
    List<Thread> running;
    lock.lock();
    try {
      isClosed = true;
      running = List.copyOf(threads);
    } finally {
      lock.unlock();
    }
    running.forEach(Thread::interrupt);
    return running;
  }

  /** The same, and waits a while until they have ended. */
  void close() {
    List<Thread> running = interrupt();
    long until = elapsed.getAsLong() + PATIENCE.toMillis();
    try {
      for (Thread each : running) {
        long left = until - elapsed.getAsLong();
        if (each != Thread.currentThread() && left > 0) {
          var unused = each.join(Duration.ofMillis(left));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
