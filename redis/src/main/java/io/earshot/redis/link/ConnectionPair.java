package io.earshot.redis.link;

import io.earshot.spi.BrokerException;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.netty.util.concurrent.EventExecutor;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Two connections to one server of Redis: one for commands, one for subscriptions. Both are used
 * until one of them breaks; a command that was not answered by then has failed.
 *
 * <p>Commands that several threads issue at about the same time go out in one write: each thread
 * marks that there are unsent commands, and the first one schedules a flush after them.
 *
 * <p>Thread-safe: final fields, atomics and a concurrent map; Lettuce's connections are
 * thread-safe.
 */
public final class ConnectionPair {
  private final StatefulRedisConnection<String, byte[]> connection;
  private final RedisAsyncCommands<String, byte[]> commands;
  private final StatefulRedisPubSubConnection<String, byte[]> subscriber;

  /** One thread, because two threads could send commands out of order. */
  private final EventExecutor sender;

  private final Runnable onBroken;
  private final AtomicBoolean unsent = new AtomicBoolean();
  private volatile @Nullable String whyBroken;

  /**
   * For each channel, how many calls of {@link #unsubscribe} Redis has not confirmed. The channel
   * may be subscribed to again meanwhile.
   */
  private final Map<String, Integer> unconfirmed = new ConcurrentHashMap<>();

  /**
   * Takes over two connections.
   *
   * @param onBroken called once or more when the pair must be replaced
   */
  ConnectionPair(
      StatefulRedisConnection<String, byte[]> connection,
      StatefulRedisPubSubConnection<String, byte[]> subscriber,
      EventExecutor sender,
      Runnable onBroken) {
    this.connection = connection;
    this.commands = connection.async();
    this.subscriber = subscriber;
    this.sender = sender;
    this.onBroken = onBroken;
    for (StatefulConnection<String, byte[]> each : List.of(connection, subscriber)) {
      each.addListener(
          new RedisConnectionStateListener() {
            @Override
            public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
              breakUp("the connection was lost");
            }
          });
    }
    connection.setAutoFlushCommands(false);
  }

  /** Passes on the channel and the text of messages, and the ends of subscriptions. */
  public void listen(
      BiConsumer<String, byte[]> listener, BiConsumer<ConnectionPair, String> onEnded) {
    subscriber.addListener(
        new RedisPubSubAdapter<>() {
          @Override
          public void message(String channel, byte[] message) {
            listener.accept(channel, message);
          }

          @Override
          public void smessage(String channel, byte[] message) {
            listener.accept(channel, message);
          }

          @Override
          public void sunsubscribed(String channel, long count) {
            if (!confirm(channel)) {
              onEnded.accept(ConnectionPair.this, channel); // the server has given the slot away
            }
          }
        });
  }

  /** Why the pair must be replaced; null if it need not be. */
  public @Nullable String whyBroken() {
    return whyBroken == null && !(connection.isOpen() && subscriber.isOpen())
        ? "the connection was lost"
        : whyBroken;
  }

  /** Has the pair replaced. */
  void breakUp(String why) {
    if (whyBroken == null) {
      whyBroken = why;
    }
    onBroken.run();
  }

  /** Starts to close both connections, and does not wait; commands without an answer fail. */
  void close() {
    for (StatefulConnection<String, byte[]> each : List.of(connection, subscriber)) {
      if (each.isOpen()) {
        var unused = each.closeAsync();
      }
    }
  }

  /** Asks both connections for an answer. */
  CompletionStage<?> ping() {
    return send(RedisAsyncCommands::ping).thenCombine(subscriber.async().ping(), (ignored, b) -> b);
  }

  /** Sends a command. */
  public <T> CompletionStage<T> send(
      Function<RedisAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> command) {
    try {
      CompletionStage<T> answer = command.apply(commands);
      if (unsent.compareAndSet(false, true)) {
        sender.execute(
            () -> {
              unsent.set(false);
              connection.flushCommands();
            });
      }
      return answer;
    } catch (RuntimeException e) {
      // close() runs at the same time, and Lettuce already refuses commands.
      return CompletableFuture.failedStage(e);
    }
  }

  /** Sends a command to a server that is still receiving the keys of the slot. */
  public <T> CompletionStage<T> sendAsking(
      Function<RedisAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> command) {
    return send(
        to -> {
          var unused = to.asking();
          return command.apply(to);
        });
  }

  /** A command failed; a server that does not answer has its connections replaced. */
  public void failed(Throwable failure) {
    if (BrokerException.cause(failure) instanceof RedisCommandTimeoutException) {
      breakUp("it does not answer");
    }
  }

  /** Subscribes to a channel; complete when every message published from then on arrives. */
  public CompletionStage<?> subscribe(String channel, boolean sharded) {
    try {
      return sharded
          ? subscriber.async().ssubscribe(channel)
          : subscriber.async().subscribe(channel);
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e); // close() runs at the same time
    }
  }

  /** Ends the subscription of a channel. */
  public CompletionStage<?> unsubscribe(String channel, boolean sharded) {
    try {
      if (!sharded) {
        return subscriber.async().unsubscribe(channel);
      }
      unconfirmed.merge(channel, 1, Integer::sum);
      return subscriber
          .async()
          .sunsubscribe(channel)
          .whenComplete(
              (ignored, failure) -> {
                if (failure != null) {
                  confirm(channel);
                }
              });
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e); // close() runs at the same time
    }
  }

  /** Counts off one call of {@link #unsubscribe}; false if there was none. */
  private boolean confirm(String channel) {
    var was = new AtomicBoolean();
    unconfirmed.computeIfPresent(
        channel,
        (ignored, times) -> {
          was.set(true);
          return times == 1 ? null : times - 1;
        });
    return was.get();
  }
}
