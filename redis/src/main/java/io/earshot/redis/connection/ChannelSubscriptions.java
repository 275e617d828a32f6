package io.earshot.redis.connection;

import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

/**
 * The channels that this server is subscribed to.
 *
 * <p>Thread-safe.
 */
interface ChannelSubscriptions {

  /**
   * Subscribes to a channel.
   *
   * @return complete when every message that is published from then on arrives
   */
  CompletionStage<?> subscribe(String channel);

  /**
   * Ends the subscription of a channel.
   *
   * @return complete when no more messages of the channel arrive
   */
  CompletionStage<?> unsubscribe(String channel);

  /** Subscriptions on one connection, which receives the messages of all channels. */
  static ChannelSubscriptions of(
      StatefulRedisPubSubConnection<String, byte[]> connection,
      BiConsumer<String, byte[]> listener) {
    connection.addListener(new MessageListener(listener));
    var commands = connection.async();
    return new ChannelSubscriptions() {
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

  /** Passes on channel and message, of ordinary and of sharded channels. */
  class MessageListener extends RedisPubSubAdapter<String, byte[]> {
    private final BiConsumer<String, byte[]> listener;

    MessageListener(BiConsumer<String, byte[]> listener) {
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
}
