package io.earshot.room;

import io.earshot.Config;
import io.earshot.RoomCount;
import io.earshot.config.RoomRule;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Loop;
import io.earshot.spi.Refusals;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * All rooms of this server. Each room belongs to the event loop that its name chooses.
 *
 * <p>Thread-safe: final fields, and the volatile source of orders, which is set before the first
 * connection. The shards belong to their event loops.
 */
public final class Rooms {
  private final Config config;
  private final Function<String, RoomRule> rules;
  private final Refusals refusals;
  private final InstantSource clock;
  private final String boot;
  private final AtomicInteger polls = new AtomicInteger();
  private final List<Shard> shards;
  private volatile RoomOrders orders = new LocalOrders();

  /**
   * No rooms yet.
   *
   * @param rules the rule of a room, by the room's name
   * @param boot the prefix of all epochs, different at each start of the server
   */
  public Rooms(
      Config config,
      Function<String, RoomRule> rules,
      List<? extends Loop> loops,
      InstantSource clock,
      String boot,
      Refusals refusals) {
    this.config = config;
    this.rules = rules;
    this.clock = clock;
    this.boot = boot;
    this.refusals = refusals;
    shards =
        IntStream.range(0, loops.size())
            .mapToObj(i -> new Shard(this, i, loops.size(), loops.get(i)))
            .toList();
  }

  /** Takes the orders of new rooms from a cluster. Called before the first connection. */
  public void joinCluster(RoomOrders others) {
    orders = others;
  }

  public RoomOrders orders() {
    return orders;
  }

  Config config() {
    return config;
  }

  public RoomRule rule(String room) {
    return rules.apply(room);
  }

  Refusals refusals() {
    return refusals;
  }

  public long now() {
    return clock.millis();
  }

  public String boot() {
    return boot;
  }

  /** How many long polls wait, on all loops; counted by {@link LongPolls}. */
  public AtomicInteger polls() {
    return polls;
  }

  public List<Shard> shards() {
    return shards;
  }

  /** The shard that a room lives on. */
  public Shard shard(String room) {
    int hash = room.hashCode() * 0x9E3779B9;
    return shards.get(Integer.remainderUnsigned(hash ^ (hash >>> 16), shards.size()));
  }

  /**
   * The counts of one loop, or of all.
   *
   * @param rooms rooms that are not empty
   * @param messages messages since the start of the server, each counted once for all members
   * @param leftOut messages left out for slow consumers, each counted once for each of them
   * @param cutOff slow consumers that were disconnected
   */
  public record Count(long rooms, long messages, long leftOut, long cutOff) {
    Count plus(Count other) {
      return new Count(
          rooms + other.rooms,
          messages + other.messages,
          leftOut + other.leftOut,
          cutOff + other.cutOff);
    }
  }

  /** The sum of the counts of all loops, which are not taken at one moment. */
  public CompletionStage<Count> count() {
    CompletionStage<Count> sum = CompletableFuture.completedStage(new Count(0, 0, 0, 0));
    for (Shard shard : shards) {
      var part = new CompletableFuture<Count>();
      shard.tell(() -> part.complete(shard.count()));
      sum = sum.thenCombine(part, Count::plus);
    }
    return sum;
  }

  /** The first rooms in the order of their names, after a name. */
  public CompletionStage<List<RoomCount>> page(String after, int limit) {
    CompletionStage<List<RoomCount>> page = CompletableFuture.completedStage(List.of());
    for (Shard shard : shards) {
      var part = new CompletableFuture<List<RoomCount>>();
      shard.tell(() -> part.complete(shard.page(after, limit)));
      page =
          page.thenCombine(
              part,
              (some, more) ->
                  Stream.concat(some.stream(), more.stream())
                      .sorted(Comparator.comparing(RoomCount::room))
                      .limit(limit)
                      .toList());
    }
    return page;
  }

  /** Runs a task on a room's loop: {@code inside} with the room, or {@code otherwise} without. */
  public void in(String name, Consumer<Room> inside, Runnable otherwise) {
    Shard there = shard(name);
    there.tell(
        () -> {
          Room room = there.roomIfAny(name);
          if (room == null) {
            otherwise.run();
          } else {
            inside.accept(room);
          }
        });
  }

  /** Asks for the members of a room; completes on any thread. */
  public CompletionStage<RoomStatus> status(String name) {
    return orders.status(name);
  }

  /** The orders of a single server. */
  private final class LocalOrders implements RoomOrders {
    @Override
    public boolean areShared() {
      return false;
    }

    @Override
    public RoomOrder of(Room room) {
      return new LocalOrder(room);
    }

    @Override
    public CompletionStage<RoomStatus> status(String name) {
      var status = new CompletableFuture<RoomStatus>();
      in(
          name,
          room -> status.complete(room.status()),
          () -> status.complete(new RoomStatus(name, List.of(), null)));
      return status;
    }
  }
}
