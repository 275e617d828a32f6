package io.earshot.testing;

import io.earshot.spi.Broker.Placed;
import io.earshot.spi.BrokerException;
import io.earshot.spi.SharedFeed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The events of a {@link Hub}, in memory. It answers at once, on any thread.
 *
 * <p>Thread-safe: its lock.
 */
public final class HubFeed {
  /** How long a server serves a part, in milliseconds. */
  public static final long LEASE = 5_000;

  private final int parts;
  private final boolean takesMessages;
  private final LongSupplier clock;
  private final List<List<SharedFeed.Entry>> entries = new ArrayList<>();
  private final Map<String, Served> served = new HashMap<>();
  private long positions;

  /** Who serves a part of a consumer. */
  private static final class Served {
    @Nullable Object server;
    long until;
    int dealtWith;
  }

  /**
   * A feed without events.
   *
   * @param takesMessages whether the hub adds the events of messages itself
   * @param clock the hub's clock, in milliseconds
   */
  public HubFeed(int parts, boolean takesMessages, LongSupplier clock) {
    this.parts = parts;
    this.takesMessages = takesMessages;
    this.clock = clock;
    for (int i = 0; i < parts; i++) {
      entries.add(new ArrayList<>());
    }
  }

  /** The feed as one server sees it. */
  public View view() {
    return new View();
  }

  /** Ends the leases of a consumer, as if its servers had been silent for too long. */
  public synchronized void take(String consumer) {
    for (int part = 0; part < parts; part++) {
      Served of = served(consumer, part);
      of.server = this; // nobody, for a moment
      of.until = clock.getAsLong() + 1_500;
    }
  }

  /** A message that the hub has placed. */
  synchronized void placed(String room, Placed message) {
    if (takesMessages) {
      entries
          .get(view().part(room))
          .add(new SharedFeed.Entry(Long.toString(++positions), null, room, message));
    }
  }

  /** How many events were added. */
  public synchronized int size() {
    return entries.stream().mapToInt(List::size).sum();
  }

  private Served served(String consumer, int part) {
    int from = entries.get(part).size();
    return served.computeIfAbsent(
        consumer + "/" + part,
        _ -> {
          var fresh = new Served();
          fresh.dealtWith = from;
          return fresh;
        });
  }

  /** The feed as one server sees it. Thread-safe: by the lock of the feed. */
  public final class View implements SharedFeed {
    /** Whether the hub cannot be reached. */
    public final AtomicBoolean isAway = new AtomicBoolean();

    /** How often events were to be added. */
    public final AtomicInteger calls = new AtomicInteger();

    private View() {}

    @Override
    public int parts() {
      return parts;
    }

    @Override
    public boolean takesMessages() {
      return takesMessages;
    }

    private <T> CompletionStage<T> away() {
      return CompletableFuture.failedStage(new BrokerException("it is away", false));
    }

    @Override
    public CompletionStage<Void> add(int part, List<byte[]> events) {
      calls.incrementAndGet();
      if (isAway.get()) {
        return away();
      }
      synchronized (HubFeed.this) {
        for (byte[] each : events) {
          entries.get(part).add(new Entry(Long.toString(++positions), each, null, null));
        }
      }
      return CompletableFuture.completedStage(null);
    }

    @Override
    public CompletionStage<Turn> next(
        String consumer, int part, @Nullable String dealtWith, int most) {
      if (isAway.get()) {
        return away();
      }
      synchronized (HubFeed.this) {
        Served of = served(consumer, part);
        long now = clock.getAsLong();
        if (of.server != this && of.until > now) {
          return CompletableFuture.completedStage(new Turn(false, List.of(), 0, 0));
        }
        boolean wasOurs = of.server == this;
        of.server = this;
        of.until = now + LEASE;
        List<Entry> all = entries.get(part);
        if (dealtWith != null && wasOurs) {
          while (of.dealtWith < all.size()
              && Long.parseLong(all.get(of.dealtWith).position()) <= Long.parseLong(dealtWith)) {
            of.dealtWith++;
          }
        }
        int to = Math.min(all.size(), of.dealtWith + most);
        return CompletableFuture.completedStage(
            new Turn(true, all.subList(of.dealtWith, to), all.size() - of.dealtWith, 0));
      }
    }

    @Override
    public void release(String consumer, int part) {
      synchronized (HubFeed.this) {
        Served of = served(consumer, part);
        if (of.server == this) {
          of.until = 0;
        }
      }
    }
  }
}
