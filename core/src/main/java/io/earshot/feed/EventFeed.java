package io.earshot.feed;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.action.LogLimit;
import io.earshot.disk.Disk;
import io.earshot.feed.log.Interest;
import io.earshot.feed.log.LocalStore;
import io.earshot.feed.log.Store;
import io.earshot.protocol.Json;
import io.earshot.spi.Broker;
import io.earshot.spi.Clocks;
import io.earshot.spi.Loop;
import io.earshot.spi.SharedFeed;
import io.earshot.stats.Incidents;
import io.earshot.stats.Incidents.Incident;
import io.earshot.stats.ServerState.ConsumerState;
import io.earshot.stats.ServerState.FeedState;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Feed} of a server: its consumers, and the {@link Store} where their events wait.
 *
 * <p>Thread-safe: a lock guards the consumers; what event loops read is volatile.
 */
public final class EventFeed implements Feed, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Feed.class.getName());

  private final List<? extends Loop> loops;
  private final Clocks clocks;
  private final Incidents incidents;
  private final String boot;
  private final String server;
  private final long limit;
  private final List<FeedPart> parts;
  private final LocalStore local;
  private final AtomicLong count = new AtomicLong();
  private final Map<String, LogLimit> logged = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();

  /** How long events of a consumer that was removed are kept for it, in milliseconds. */
  private static final long LINGER = 60_000;

  /** Guarded by the lock. */
  private final Map<String, Delivery> deliveries = new TreeMap<>();

  /** The consumers that were removed a moment ago, and may be added again. Guarded by the lock. */
  private final Map<String, Consumer> lingering = new TreeMap<>();

  private volatile Interest interest = Interest.NONE;
  private volatile @Nullable SharedFeed shared;

  /** Null before the first consumer. */
  private volatile @Nullable Store store;

  private volatile boolean isStopping;

  /**
   * A feed without consumers.
   *
   * @param limit how many bytes of events may wait
   * @param boot the name of this start of the server, which no other has
   * @param server the name of the server in events
   */
  public EventFeed(
      long limit,
      List<? extends Loop> loops,
      Clocks clocks,
      Incidents incidents,
      String boot,
      String server) {
    this(limit, loops, clocks, incidents, boot, server, Disk.ofThisMachine());
  }

  /** The same with a disk, for tests. */
  public EventFeed(
      long limit,
      List<? extends Loop> loops,
      Clocks clocks,
      Incidents incidents,
      String boot,
      String server,
      Disk disk) {
    this.limit = limit;
    this.loops = loops;
    this.clocks = clocks;
    this.incidents = incidents;
    this.boot = boot;
    this.server = server;
    this.local = new LocalStore(limit, loops, disk, clocks::elapsed, this::trouble);
    this.parts = loops.stream().map(loop -> new FeedPart(this, loop)).toList();
  }

  /** The events of the event loop with an index. */
  public FeedPart part(int index) {
    return parts.get(index);
  }

  /** The part of a user or client, by the id. */
  FeedPart partOf(String id) {
    int hash = id.hashCode() * 0x9E3779B9;
    return parts.get(Integer.remainderUnsigned(hash ^ (hash >>> 16), parts.size()));
  }

  // --- start -----------------------------------------------------------------------------------

  /**
   * Reads the events that an earlier run has left in a folder, and keeps those of this run there.
   * Called before any consumer is added.
   *
   * @param folder the setting {@code feed.folder}; empty for the folder {@code feed} in that of the
   *     history
   * @param history the setting {@code rooms.historyFolder}; empty for none
   * @throws IOException if the folder cannot be used; the message names the setting
   */
  public void open(String folder, String history) throws IOException {
    if (!folder.isEmpty()) {
      local.open("feed.folder", Path.of(folder), true);
    } else if (!history.isEmpty()) {
      local.open("rooms.historyFolder", Path.of(history, "feed"), false);
    }
  }

  /** Keeps the events in the store of a cluster, if its broker has one. */
  public void join(Broker broker) {
    shared = broker.feed();
  }

  // --- what event loops ask --------------------------------------------------------------------

  Interest interest() {
    return interest;
  }

  boolean isLeftToBroker() {
    SharedFeed others = shared;
    return others != null && others.takesMessages();
  }

  /**
   * An event that happens now.
   *
   * @param data what is known of it, to which this adds what all events have
   */
  FeedEvent event(FeedEvent.Type type, @Nullable String room, Map<String, Json> data) {
    if (room != null) {
      data.put("room", Json.of(room));
    }
    data.put("server", Json.of(server));
    String id = "e-" + boot + "-" + count.incrementAndGet();
    return new FeedEvent(id, type, room, clocks.wall().millis(), new Json.Obj(data));
  }

  // --- consumers -------------------------------------------------------------------------------

  @Override
  public Registration add(Consumer consumer, Handler handler) {
    lock.lock();
    try {
      if (deliveries.containsKey(consumer.name())) {
        throw new IllegalArgumentException(
            "there is a consumer " + consumer.name() + " of the feed already");
      }
      Store to = store();
      var delivery = new Delivery(consumer, handler, loops, clocks::elapsed, this::trouble);
      var sources = to.add(consumer);
      deliveries.put(consumer.name(), delivery);
      lingering.remove(consumer.name());
      for (int i = 0; i < parts.size(); i++) {
        parts.get(i).begin(to.sink(i));
      }
      consumersChanged();
      delivery.start(sources);
      return () -> remove(delivery);
    } finally {
      lock.unlock();
    }
  }

  private Store store() {
    Store known = store;
    if (known == null) {
      SharedFeed others = shared;
      known =
          others == null
              ? local
              : new SharedStore(others, loops, limit, clocks::elapsed, this::trouble);
      store = known;
    }
    return known;
  }

  private void consumersChanged() {
    var all = new ArrayList<>(lingering.values());
    deliveries.values().forEach(each -> all.add(each.consumer()));
    interest = Interest.of(all);
  }

  private void remove(Delivery delivery) {
    delivery.close();
    lock.lock();
    try {
      Consumer consumer = delivery.consumer();
      if (deliveries.remove(consumer.name(), delivery)) {
        store().remove(consumer);
        lingering.put(consumer.name(), consumer);
        if (!isStopping) {
          Loop clock = loops.getFirst();
          clock.execute(() -> clock.schedule(() -> forget(consumer), LINGER));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Keeps no more events for a consumer that was not added again. Called on an event loop. */
  private void forget(Consumer consumer) {
    Thread.startVirtualThread(
        () -> {
          lock.lock();
          try {
            if (!isStopping && lingering.remove(consumer.name(), consumer)) {
              consumersChanged();
            }
          } finally {
            lock.unlock();
          }
        });
  }

  @Override
  public void removeAll() {
    List<Delivery> all;
    lock.lock();
    try {
      all = List.copyOf(deliveries.values());
    } finally {
      lock.unlock();
    }
    all.forEach(Delivery::interrupt);
    all.forEach(this::remove);
  }

  // --- what an operator sees -------------------------------------------------------------------

  private void trouble(String name, String what) {
    incidents.note(Incident.FEED, name, what);
    if (logged.computeIfAbsent(name, ignored -> new LogLimit()).mayLog(clocks.elapsed())) {
      LOG.log(Level.WARNING, "{0}: {1}", name, what);
    }
  }

  /** What waits for consumers. Callable from any thread. */
  public FeedState state() {
    List<Delivery> all;
    lock.lock();
    try {
      all = List.copyOf(deliveries.values());
    } finally {
      lock.unlock();
    }
    long now = clocks.wall().millis();
    var consumers = new ArrayList<ConsumerState>();
    all.forEach(
        each ->
            consumers.add(
                new ConsumerState(each.consumer().name(), each.waiting(), each.delay(now))));
    Store of = store;
    return new FeedState(consumers, of == null ? 0 : of.dropped(), of == null ? 0 : of.unsent());
  }

  // --- stop ------------------------------------------------------------------------------------

  /** From now on, events of consumers that are removed wait for the next start. */
  public void stopping() {
    isStopping = true;
  }

  /**
   * Ends the consumers, and waits until the events are in the store of the cluster, if there is
   * one. The event loops still run.
   *
   * @param most how long to wait
   */
  public void flush(Duration most) {
    isStopping = true;
    removeAll();
    if (store instanceof SharedStore others) {
      try {
        others.whenSent().get(most.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        LOG.log(
            Level.WARNING,
            "the feed: {0} events did not reach Redis before the server stopped",
            others.unsent());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Closes the files. No loop runs any more. */
  @Override
  public void close() {
    isStopping = true;
    removeAll();
    local.close();
  }
}
