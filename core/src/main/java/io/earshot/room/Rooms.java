package io.earshot.room;

import io.earshot.Config;
import io.earshot.config.RoomRule;
import io.earshot.feed.EventFeed;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Clocks;
import io.earshot.spi.Loop;
import io.earshot.spi.Refusals;
import io.earshot.stats.ServerCounts;
import io.earshot.stats.ServerStats;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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
  private final ServerCounts counts;
  private final Clocks clocks;
  private final String boot;
  private final AtomicInteger polls = new AtomicInteger();
  private final List<Shard> shards;
  private volatile Orders orders = new LocalOrders();

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
      Clocks clocks,
      String boot,
      Refusals refusals,
      ServerCounts counts,
      EventFeed feed) {
    this.config = config;
    this.rules = rules;
    this.clocks = clocks;
    this.boot = boot;
    this.refusals = refusals;
    this.counts = counts;
    shards =
        IntStream.range(0, loops.size())
            .mapToObj(i -> new Shard(this, i, loops.size(), loops.get(i), feed.part(i)))
            .toList();
  }

  /** Takes the orders of new rooms from a cluster. Called before the first connection. */
  public void joinCluster(Orders others) {
    orders = others;
  }

  public Orders orders() {
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

  /** The time of day, in milliseconds since 1970, for people; it may be set back or forward. */
  public long wallTime() {
    return clocks.wall().millis();
  }

  /** Milliseconds that only increase, for durations; see {@link Clocks#elapsed}. */
  public long elapsed() {
    return clocks.elapsed();
  }

  public String boot() {
    return boot;
  }

  /** The name of this run of this server: {@code general.id}, and {@link #boot}. */
  public String server() {
    return server(config, boot);
  }

  /** The same, before there are rooms. */
  public static String server(Config config, String boot) {
    String id = config.general().id().replaceAll("[^A-Za-z0-9_.-]", "_");
    return (id.isEmpty() ? "" : id + "-") + boot;
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

  /** What the server counts apart from the path of messages. */
  public ServerCounts counts() {
    return counts;
  }

  /** What the loops and the server count and measure. */
  public ServerStats stats() {
    return new ServerStats(shards.stream().map(Shard::stats).toList(), counts);
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

  /** Asks for all members of a room, or a page of them; completes on any thread. */
  public CompletionStage<RoomStatus> status(String name, RoomStatus.@Nullable Page page) {
    return orders.status(name, page);
  }

  /** Makes the {@link RoomOrder} of each room. */
  public interface Orders {

    /** Whether other servers share the orders. */
    boolean areShared();

    /** The order of a new room; called on the room's loop. */
    RoomOrder of(Room room);

    /**
     * Asks for the members of a room; completes on any thread.
     *
     * @param page the part of the list, which is selected on a thread of its own; null for all
     *     members
     */
    CompletionStage<RoomStatus> status(String room, RoomStatus.@Nullable Page page);
  }

  /** The orders of a single server. */
  private final class LocalOrders implements Orders {
    @Override
    public boolean areShared() {
      return false;
    }

    @Override
    public RoomOrder of(Room room) {
      return new LocalOrder(room);
    }

    @Override
    public CompletionStage<RoomStatus> status(String name, RoomStatus.@Nullable Page page) {
      var members = new CompletableFuture<Roster.Members>();
      in(
          name,
          room -> members.complete(room.roster().members(room.cursor())),
          () -> members.complete(new Roster.Members(List.of(), List.of(), null)));
      return page == null
          ? members.thenApply(all -> new RoomStatus(name, all.ids(), all.end(), all.users()))
          : members.thenApplyAsync(
              all ->
                  page.select(name, all.ids().stream(), all.ids().size(), all.end(), all.users()),
              Thread::startVirtualThread);
    }
  }
}
