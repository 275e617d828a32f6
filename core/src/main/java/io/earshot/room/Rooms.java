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
 * Where each room lives: on the event loop that its name chooses.
 *
 * <p>Immutable, but for where orders come from, which is set before anybody connects; what it leads
 * to is owned by the loops.
 */
public final class Rooms {
  private final Config config;
  private final Function<String, RoomRule> rules;
  private final Refusals refusals;
  private final InstantSource clock;
  private final String boot;
  private final AtomicInteger polls = new AtomicInteger();
  private final List<Shard> shards;
  private volatile RoomOrders orders = new LoneOrders();

  /**
   * No rooms yet.
   *
   * @param rules what holds in a room
   * @param boot different at each start; what epochs begin with
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

  /** Rooms that are made from now on have another order. Called before anybody connects. */
  public void shareBy(RoomOrders others) {
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

  /** How many wait for what a room tells next; counted by those who look after them. */
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
   * How much there is.
   *
   * @param rooms rooms that somebody is in or listens to
   * @param messages messages that rooms have told since the start, each once however many heard it
   * @param leftOut how often a message was left out for a client that did not keep up
   * @param cutOff how many clients were cut off since they did not
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

  /** Counts rooms and messages, each shard on its loop; together they are no one moment's. */
  public CompletionStage<Count> count() {
    CompletionStage<Count> sum = CompletableFuture.completedStage(new Count(0, 0, 0, 0));
    for (Shard shard : shards) {
      var part = new CompletableFuture<Count>();
      shard.tell(() -> part.complete(shard.count()));
      sum = sum.thenCombine(part, Count::plus);
    }
    return sum;
  }

  /** The first rooms by name after a name, each shard's found on its loop. */
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

  /** Does something in a room, on the room's loop; somewhere else if nobody is in it. */
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

  /** Asks who is in a room; answered on any thread. */
  public CompletionStage<RoomStatus> status(String name) {
    return orders.status(name);
  }

  /** Orders of this server alone. */
  private final class LoneOrders implements RoomOrders {
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
