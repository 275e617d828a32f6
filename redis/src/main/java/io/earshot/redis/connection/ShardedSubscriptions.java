package io.earshot.redis.connection;

import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.cluster.pubsub.StatefulRedisClusterPubSubConnection;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/**
 * Subscriptions to sharded channels of a Redis Cluster, each on a connection to the server that has
 * the channel's slot.
 *
 * <p>Thread-safe: its tables are concurrent.
 */
final class ShardedSubscriptions implements ChannelSubscriptions {
  private final StatefulRedisClusterPubSubConnection<String, byte[]> connection;
  private final BiConsumer<String, byte[]> listener;
  private final Runnable onLost;
  private final Map<String, CompletableFuture<StatefulRedisPubSubConnection<String, byte[]>>>
      servers = new ConcurrentHashMap<>();

  /** The channels that are subscribed to. A server that gives a slot away ends subscriptions. */
  private final Set<String> wanted = ConcurrentHashMap.newKeySet();

  /**
   * For each channel, how many calls of {@link #unsubscribe} Redis has not confirmed. The channel
   * may be subscribed to again meanwhile.
   */
  private final Map<String, Integer> unconfirmed = new ConcurrentHashMap<>();

  /**
   * Makes subscriptions of no channel.
   *
   * @param onLost called when a server ends a subscription by itself
   */
  ShardedSubscriptions(
      StatefulRedisClusterPubSubConnection<String, byte[]> connection,
      BiConsumer<String, byte[]> listener,
      Runnable onLost) {
    this.connection = connection;
    this.listener = listener;
    this.onLost = onLost;
  }

  private final class LossListener extends MessageListener {
    LossListener() {
      super(listener);
    }

    @Override
    public void sunsubscribed(String channel, long count) {
      if (!confirm(channel) && wanted.contains(channel)) {
        onLost.run();
      }
    }
  }

  private CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> server(String channel) {
    int slot = SlotHash.getSlot(channel);
    RedisClusterNode node = connection.getPartitions().getPartitionBySlot(slot);
    if (node == null) {
      return CompletableFuture.failedStage(
          new IllegalStateException("CLUSTERDOWN slot " + slot + " has no server"));
    }
    String id = node.getNodeId();
    var opening =
        servers.computeIfAbsent(
            id,
            _ ->
                connection
                    .getConnectionAsync(id)
                    .thenApply(
                        opened -> {
                          opened.addListener(new LossListener());
                          return opened;
                        }));
    if (opening.isCompletedExceptionally()) {
      servers.remove(id, opening); // the next call connects again
    }
    return opening;
  }

  @Override
  public CompletionStage<?> subscribe(String channel) {
    wanted.add(channel);
    return server(channel).thenCompose(server -> server.async().ssubscribe(channel));
  }

  @Override
  public CompletionStage<?> unsubscribe(String channel) {
    wanted.remove(channel);
    unconfirmed.merge(channel, 1, Integer::sum);
    return server(channel)
        .thenCompose(server -> server.async().sunsubscribe(channel))
        .whenComplete(
            (_, failure) -> {
              if (failure != null) {
                confirm(channel);
              }
            });
  }

  /** Counts off one call of {@link #unsubscribe}; false if there was none. */
  private boolean confirm(String channel) {
    var was = new AtomicBoolean();
    unconfirmed.computeIfPresent(
        channel,
        (_, times) -> {
          was.set(true);
          return times == 1 ? null : times - 1;
        });
    return was.get();
  }
}
