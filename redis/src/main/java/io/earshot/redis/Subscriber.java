package io.earshot.redis;

import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.cluster.pubsub.StatefulRedisClusterPubSubConnection;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/** Where messages that are published come in. */
interface Subscriber {

  /**
   * Hears a channel.
   *
   * @return completed when everything that is published from now on comes
   */
  CompletionStage<?> subscribe(String channel);

  /**
   * Hears a channel no more.
   *
   * @return completed when it does not
   */
  CompletionStage<?> unsubscribe(String channel);

  /** Hears on one connection. */
  static Subscriber of(
      StatefulRedisPubSubConnection<String, byte[]> connection,
      BiConsumer<String, byte[]> listener) {
    connection.addListener(new Ear(listener));
    var commands = connection.async();
    return new Subscriber() {
      @Override
      public CompletionStage<?> subscribe(String channel) {
        return commands.subscribe(channel);
      }

      @Override
      public CompletionStage<?> unsubscribe(String channel) {
        return commands.unsubscribe(channel);
      }
    };
  }

  /** Hears in a Redis Cluster: each channel where its slot is, if it can be told by slots. */
  static Subscriber of(
      StatefulRedisClusterPubSubConnection<String, byte[]> connection,
      boolean sharded,
      BiConsumer<String, byte[]> listener,
      Runnable onLost) {
    return sharded
        ? new Sharded(connection, listener, onLost)
        : of((StatefulRedisPubSubConnection<String, byte[]>) connection, listener);
  }

  /** Passes on what comes. */
  class Ear extends RedisPubSubAdapter<String, byte[]> {
    private final BiConsumer<String, byte[]> listener;

    Ear(BiConsumer<String, byte[]> listener) {
      this.listener = listener;
    }

    @Override
    public void message(String channel, byte[] message) {
      listener.accept(channel, message);
    }

    @Override
    public void smessage(String channel, byte[] message) {
      listener.accept(channel, message);
    }
  }

  /**
   * One connection to each server of a cluster.
   *
   * <p>Thread-safe: the table of connections is concurrent.
   */
  final class Sharded implements Subscriber {
    private final StatefulRedisClusterPubSubConnection<String, byte[]> connection;
    private final BiConsumer<String, byte[]> listener;
    private final Runnable onLost;
    private final Map<String, CompletableFuture<StatefulRedisPubSubConnection<String, byte[]>>>
        servers = new ConcurrentHashMap<>();

    /** What is to be heard. A server that gives a slot to another ends what was heard there. */
    private final Set<String> wanted = ConcurrentHashMap.newKeySet();

    /** How often each is to be ended by this side. It may be wanted again by then. */
    private final Map<String, Integer> ending = new ConcurrentHashMap<>();

    Sharded(
        StatefulRedisClusterPubSubConnection<String, byte[]> connection,
        BiConsumer<String, byte[]> listener,
        Runnable onLost) {
      this.connection = connection;
      this.listener = listener;
      this.onLost = onLost;
    }

    private final class LosingEar extends Ear {
      LosingEar() {
        super(listener);
      }

      @Override
      public void sunsubscribed(String channel, long count) {
        if (!hasEnded(channel) && wanted.contains(channel)) {
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
                            opened.addListener(new LosingEar());
                            return opened;
                          }));
      if (opening.isCompletedExceptionally()) {
        servers.remove(id, opening); // the next one tries again
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
      ending.merge(channel, 1, Integer::sum);
      return server(channel)
          .thenCompose(server -> server.async().sunsubscribe(channel))
          .whenComplete(
              (_, failure) -> {
                if (failure != null) {
                  hasEnded(channel);
                }
              });
    }

    /** Whether this side has ended it. */
    private boolean hasEnded(String channel) {
      var was = new AtomicBoolean();
      ending.computeIfPresent(
          channel,
          (_, times) -> {
            was.set(true);
            return times == 1 ? null : times - 1;
          });
      return was.get();
    }
  }
}
