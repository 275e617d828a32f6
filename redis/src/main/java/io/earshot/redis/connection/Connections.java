package io.earshot.redis.connection;

import static io.earshot.redis.connection.Utf8.bytes;

import io.earshot.spi.BrokerException;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.resource.ClientResources;
import io.netty.util.concurrent.EventExecutor;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Two connections to Redis, or to each server of a Redis Cluster: one for commands, one for
 * subscriptions. Both are used until one of them breaks. No command is sent twice: a command that
 * was not answered when the connection broke has failed.
 *
 * <p>Commands that several threads issue at about the same time go out in one write: each thread
 * marks that there are unsent commands, and the first one schedules a flush after them.
 *
 * <p>Stages fail with exceptions of Lettuce; {@link Failures} translates them.
 *
 * <p>Thread-safe: final fields and atomics; Lettuce's connections are thread-safe.
 */
public final class Connections implements AutoCloseable {
  private final ClientResources resources;
  private final AbstractRedisClient client;
  private final StatefulConnection<String, byte[]> connection;
  private final RedisClusterAsyncCommands<String, byte[]> commands;
  private final ChannelSubscriptions subscriptions;
  private final boolean sharded;

  /** One thread, because two threads could send commands out of order. */
  private final EventExecutor sender;

  private final AtomicBoolean unsent = new AtomicBoolean();
  private final BreakSignal signal;

  /**
   * Records that a connection broke, and calls a listener.
   *
   * <p>Thread-safe: an atomic flag.
   *
   * @param isBroken whether a connection broke
   * @param listener called each time a connection breaks
   */
  record BreakSignal(AtomicBoolean isBroken, Runnable listener) implements Runnable {
    @Override
    public void run() {
      isBroken.set(true);
      listener.run();
    }
  }

  /**
   * Takes over a client that is connected.
   *
   * @param sharded whether to publish to the one server of a Redis Cluster that has the channel's
   *     slot
   */
  Connections(
      ClientResources resources,
      AbstractRedisClient client,
      StatefulConnection<String, byte[]> connection,
      RedisClusterAsyncCommands<String, byte[]> commands,
      ChannelSubscriptions subscriptions,
      boolean sharded,
      BreakSignal signal) {
    this.signal = signal;
    this.resources = resources;
    this.client = client;
    this.connection = connection;
    this.commands = commands;
    this.subscriptions = subscriptions;
    this.sharded = sharded;
    this.sender = resources.eventExecutorGroup().next();
    client.addListener(
        new RedisConnectionStateListener() {
          @Override
          public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
            signal.run();
          }
        });
    connection.setAutoFlushCommands(false);
  }

  /** Whether a connection broke, or a server did not answer in time. */
  public boolean isBroken() {
    return signal.isBroken.get();
  }

  /** Closes both connections; commands that were not answered fail. Blocks for a second at most. */
  @Override
  public void close() {
    client.shutdown(0, 1, TimeUnit.SECONDS);
    var _ = resources.shutdown(0, 1, TimeUnit.SECONDS);
  }

  private <T> CompletionStage<T> send(
      Function<RedisClusterAsyncCommands<String, byte[]>, CompletionStage<T>> command) {
    try {
      CompletionStage<T> answer = command.apply(commands);
      var _ =
          answer.exceptionally(
              failure -> {
                if (BrokerException.cause(failure) instanceof RedisCommandTimeoutException) {
                  signal.run(); // a server of a Redis Cluster that the heartbeat does not reach
                }
                return null;
              });
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

  // --- scripts ---------------------------------------------------------------------------------

  /** Loads a script, so that {@link #run} finds it by its SHA-1. */
  public CompletionStage<String> load(Script script) {
    return send(to -> to.scriptLoad(script.text()));
  }

  /** Runs a script that answers with a list. */
  public CompletionStage<List<Object>> run(Script script, String[] keys, byte[]... arguments) {
    return run(script, ScriptOutputType.MULTI, keys, arguments);
  }

  /** Runs a script that answers with one value. */
  public CompletionStage<Object> runForValue(Script script, String[] keys, byte[]... arguments) {
    return run(script, ScriptOutputType.VALUE, keys, arguments);
  }

  private <T> CompletionStage<T> run(
      Script script, ScriptOutputType type, String[] keys, byte[]... arguments) {
    return this.<T>send(to -> to.evalsha(script.sha(), type, keys, arguments))
        .exceptionallyCompose(
            failure -> {
              if (BrokerException.cause(failure) instanceof RedisNoScriptException) {
                // Redis has lost its loaded scripts, by SCRIPT FLUSH or a failover.
                return send(to -> to.eval(script.text(), type, keys, arguments));
              }
              return CompletableFuture.failedStage(failure);
            });
  }

  // --- hashes, sets and texts ------------------------------------------------------------------

  /** All fields of a hash. */
  public CompletionStage<Map<String, byte[]>> hash(String key) {
    return send(to -> to.hgetall(key));
  }

  /** The values of some fields of a hash, in the order of the names; null where there is none. */
  public CompletionStage<List<byte @Nullable []>> fields(String key, String... names) {
    return this.<List<KeyValue<String, byte[]>>>send(to -> to.hmget(key, names))
        .thenApply(
            values ->
                values.stream().<byte @Nullable []>map(each -> each.getValueOrElse(null)).toList());
  }

  /** Deletes fields of a hash; returns before Redis has done so. */
  public void deleteFields(String hash, String... names) {
    var _ = send(to -> to.hdel(hash, names));
  }

  /** All elements of a set. */
  public CompletionStage<List<String>> elements(String set) {
    return send(to -> to.smembers(set)).thenApply(all -> all.stream().map(Utf8::text).toList());
  }

  /** Adds an element to a set. */
  public CompletionStage<?> add(String set, String element) {
    return send(to -> to.sadd(set, bytes(element)));
  }

  /** Removes an element from a set; returns before Redis has done so. */
  public void remove(String set, String element) {
    var _ = send(to -> to.srem(set, bytes(element)));
  }

  /** Adds an element to a sorted set, or changes its score. */
  public CompletionStage<?> addScored(String sortedSet, String element, long score) {
    return send(to -> to.zadd(sortedSet, (double) score, bytes(element)));
  }

  /** Removes an element from a sorted set. */
  public CompletionStage<?> removeScored(String sortedSet, String element) {
    return send(to -> to.zrem(sortedSet, bytes(element)));
  }

  /** Sets a text for some milliseconds unless the key exists; true if it did not exist. */
  public CompletionStage<Boolean> setIfAbsent(String key, String value, long millis) {
    return send(to -> to.set(key, bytes(value), SetArgs.Builder.nx().px(millis)))
        .thenApply(answer -> answer != null);
  }

  /** Deletes a key; returns before Redis has done so. */
  public void delete(String key) {
    var _ = send(to -> to.del(key));
  }

  // --- channels --------------------------------------------------------------------------------

  /** The name of the command that publishes, for scripts. */
  public String publishCommand() {
    return sharded ? "SPUBLISH" : "PUBLISH";
  }

  /**
   * Whether the answer to {@link #publish} counts all subscribers. It does not in a Redis Cluster
   * before version 7, where each server counts its own subscribers only.
   */
  public boolean countsSubscribers() {
    return sharded || !(client instanceof RedisClusterClient);
  }

  /** Publishes a message; the answer is the number of subscribers. */
  public CompletionStage<?> publish(String channel, byte[] message) {
    return send(to -> sharded ? to.spublish(channel, message) : to.publish(channel, message));
  }

  /** Subscribes to a channel; complete when every message published from then on arrives. */
  public CompletionStage<?> subscribe(String channel) {
    try {
      return subscriptions.subscribe(channel);
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e); // close() runs at the same time
    }
  }

  /** Ends the subscription of a channel. */
  public CompletionStage<?> unsubscribe(String channel) {
    try {
      return subscriptions.unsubscribe(channel);
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e); // close() runs at the same time
    }
  }
}
