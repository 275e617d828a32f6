package io.earshot.engine;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Transport;
import io.earshot.cluster.Cluster;
import io.earshot.connection.Directory;
import io.earshot.history.HistoryFolder;
import io.earshot.room.Rooms;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import io.earshot.stats.Counter;
import io.earshot.stats.Gauge;
import io.earshot.stats.ServerStats;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The shipped action {@code status}: the state of a server in numbers.
 *
 * <p>Immutable; it asks the owners of the numbers.
 */
final class Status implements Action {
  private final Config config;
  private final Rooms rooms;
  private final Directory connections;
  private final Refusals refusals;
  private final Supplier<@Nullable Cluster> others;
  private final Supplier<@Nullable HistoryFolder> historyFolder;
  private final LongSupplier elapsed;
  private final long startedAt;

  Status(
      Config config,
      Rooms rooms,
      Directory connections,
      Refusals refusals,
      Supplier<@Nullable Cluster> others,
      Supplier<@Nullable HistoryFolder> historyFolder,
      LongSupplier elapsed) {
    this.config = config;
    this.rooms = rooms;
    this.connections = connections;
    this.refusals = refusals;
    this.others = others;
    this.historyFolder = historyFolder;
    this.elapsed = elapsed;
    this.startedAt = elapsed.getAsLong();
  }

  @Override
  public String description() {
    return "The state of the server: seconds since its start, connections by transport, rooms with"
        + " members or listeners, messages delivered to rooms since the start, slow consumers that"
        + " were disconnected and messages left out for them, refusals since the start by kind, the"
        + " servers of its cluster if it is in one and how many milliseconds its clock is ahead of"
        + " that of Redis, whether history can be written if rooms.historyFolder is set, and bytes of"
        + " memory.";
  }

  @Override
  public Map<String, Object> outputExample() {
    var example = new LinkedHashMap<String, Object>();
    example.put("id", "chat-1");
    example.put("defaultRoom", "defaultRoom");
    example.put("uptimeSeconds", 3600);
    example.put("connections", byTransport(List.of()));
    example.put("rooms", 4);
    example.put("messages", 2500);
    example.put("slowConsumers", slow(12, 1));
    example.put("refused", Map.of(Refusal.MESSAGES.key(), 96, Refusal.CONNECTIONS.key(), 3));
    example.put("cluster", cluster(true, List.of("chat-1-3kq9", "chat-2-8fz2"), 3));
    example.put("historyStored", true);
    example.put("memory", memory(48_000_000, 64_000_000, 2_000_000_000));
    return example;
  }

  @Override
  public boolean needsClient() {
    return false;
  }

  @Override
  public void run(Call call) throws Exception {
    ServerStats stats = rooms.stats();
    call.put("id", config.general().id());
    call.put("defaultRoom", config.general().defaultChatRoom());
    call.put("uptimeSeconds", (elapsed.getAsLong() - startedAt) / 1_000);
    call.put("connections", byTransport(connections.all()));
    call.put("rooms", stats.sum(Gauge.ROOMS));
    call.put("messages", stats.sum(Counter.MESSAGES));
    call.put("slowConsumers", slow(stats.sum(Counter.LEFT_OUT), stats.sum(Counter.CUT_OFF)));
    call.put("refused", refusals.counts());
    Cluster cluster = others.get();
    if (cluster != null) {
      call.put("cluster", cluster(cluster.isUp(), cluster.peers(), cluster.clockSkew()));
    }
    HistoryFolder folder = historyFolder.get();
    if (folder != null) {
      call.put("historyStored", folder.isStoring());
    }
    Runtime runtime = Runtime.getRuntime();
    long reserved = runtime.totalMemory();
    call.put("memory", memory(reserved - runtime.freeMemory(), reserved, runtime.maxMemory()));
  }

  private static Map<String, Long> byTransport(Collection<? extends Connection> connections) {
    var counts = new LinkedHashMap<String, Long>();
    for (Transport transport : Transport.values()) {
      counts.put(
          transport.name().toLowerCase(Locale.ROOT),
          connections.stream().filter(each -> each.transport() == transport).count());
    }
    return counts;
  }

  private static Map<String, Long> slow(long leftOut, long cutOff) {
    var slow = new LinkedHashMap<String, Long>();
    slow.put("disconnected", cutOff);
    slow.put("messagesLeftOut", leftOut);
    return slow;
  }

  /**
   * Whether the broker can be reached, the servers of the cluster, this one included, and how far
   * this server's clock is ahead of the broker's.
   */
  private static Map<String, Object> cluster(boolean isUp, List<String> servers, long skew) {
    var cluster = new LinkedHashMap<String, Object>();
    cluster.put("connected", isUp);
    cluster.put("servers", servers);
    cluster.put("clockSkewMillis", skew);
    return cluster;
  }

  /** Bytes of the heap: in use, reserved, and the most that may be reserved. */
  private static Map<String, Long> memory(long used, long reserved, long max) {
    var memory = new LinkedHashMap<String, Long>();
    memory.put("usedBytes", used);
    memory.put("reservedBytes", reserved);
    memory.put("maxBytes", max);
    return memory;
  }
}
