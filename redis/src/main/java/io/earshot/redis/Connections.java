package io.earshot.redis;

import static io.earshot.redis.RedisBroker.bytes;

import io.earshot.Config;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Two connections to Redis, or to each server of a Redis Cluster: one for what is asked, one for
 * what rooms tell. It lives until one of them breaks. Nothing is sent twice: what was not answered
 * then has failed.
 *
 * <p>What is asked in one turn of several threads goes out in one write: each marks that there is
 * something, and whoever was first has it sent after them.
 *
 * <p>Thread-safe.
 */
final class Connections implements AutoCloseable {
  private static final RedisCodec<String, byte[]> CODEC =
      RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);

  private static final Pattern VERSION = Pattern.compile("redis_version:(\\d+)\\.(\\d+)[^\r\n]*");
  private static final int OLDEST_MAJOR = 6;
  private static final int OLDEST_MINOR = 2;

  /** From this version on a cluster publishes to those servers only that somebody listens to. */
  private static final int SHARDED = 7;

  static {
    // Two connections are served as well by epoll, and of two kinds Lettuce warns each time.
    if (System.getProperty("io.lettuce.core.iouring") == null) {
      System.setProperty("io.lettuce.core.iouring", "false");
    }
  }

  private final ClientResources resources;
  private final AbstractRedisClient client;
  private final StatefulConnection<String, byte[]> connection;
  private final RedisClusterAsyncCommands<String, byte[]> commands;
  private final Subscriber subscriber;
  private final boolean sharded;

  /** One thread, since two would overtake each other with what they send. */
  private final EventExecutor sender;

  private final AtomicBoolean unsent = new AtomicBoolean();
  private final Alarm alarm;

  /** That a connection is of no use any more, and who is to look. */
  private record Alarm(AtomicBoolean isOn, Runnable listener) implements Runnable {
    @Override
    public void run() {
      isOn.set(true);
      listener.run();
    }
  }

  private Connections(
      ClientResources resources,
      AbstractRedisClient client,
      StatefulConnection<String, byte[]> connection,
      RedisClusterAsyncCommands<String, byte[]> commands,
      Subscriber subscriber,
      boolean sharded,
      Alarm alarm) {
    this.alarm = alarm;
    this.resources = resources;
    this.client = client;
    this.connection = connection;
    this.commands = commands;
    this.subscriber = subscriber;
    this.sharded = sharded;
    this.sender = resources.eventExecutorGroup().next();
    client.addListener(
        new RedisConnectionStateListener() {
          @Override
          public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
            alarm.run();
          }
        });
    connection.setAutoFlushCommands(false);
  }

  /**
   * Connects. Blocks, for as long as the timeout says.
   *
   * @param listener told channel and message of what is published
   * @param onBroken called when a connection is lost
   * @throws RuntimeException if it cannot; the innermost message says why
   */
  static Connections open(
      Address address,
      Config.Redis settings,
      BiConsumer<String, byte[]> listener,
      Runnable onBroken) {
    var alarm = new Alarm(new AtomicBoolean(), onBroken);
    ClientResources resources =
        DefaultClientResources.builder().ioThreadPoolSize(2).computationThreadPoolSize(2).build();
    try {
      return address.isMany()
          ? openCluster(address, settings, resources, listener, alarm)
          : openServer(address, settings, resources, listener, alarm);
    } catch (RuntimeException e) {
      var _ = resources.shutdown(0, 1, TimeUnit.SECONDS);
      throw e;
    }
  }

  private static SocketOptions sockets(Duration timeout) {
    return SocketOptions.builder()
        .connectTimeout(timeout)
        .tcpNoDelay(true)
        .keepAlive(
            SocketOptions.KeepAliveOptions.builder()
                .enable()
                .idle(Duration.ofSeconds(5))
                .interval(Duration.ofSeconds(2))
                .count(3)
                .build())
        .build();
  }

  private static Connections openServer(
      Address address,
      Config.Redis settings,
      ClientResources resources,
      BiConsumer<String, byte[]> listener,
      Alarm alarm) {
    RedisClient client = RedisClient.create(resources, address.uris().getFirst());
    try {
      client.setOptions(
          ClientOptions.builder()
              .autoReconnect(false)
              .socketOptions(sockets(settings.timeout()))
              .build());
      var connection = client.connect(CODEC);
      String info = info(() -> connection.sync().info());
      if (info.contains("cluster_enabled:1")) {
        client.shutdown(0, 1, TimeUnit.SECONDS);
        return openCluster(address, settings, resources, listener, alarm);
      }
      checkVersion(info);
      if (info.contains("role:slave")) {
        throw new IllegalStateException("READONLY it is a replica");
      }
      return new Connections(
          resources,
          client,
          connection,
          connection.async(),
          Subscriber.of(client.connectPubSub(CODEC), listener),
          false,
          alarm);
    } catch (RuntimeException e) {
      client.shutdown(0, 1, TimeUnit.SECONDS);
      throw e;
    }
  }

  private static Connections openCluster(
      Address address,
      Config.Redis settings,
      ClientResources resources,
      BiConsumer<String, byte[]> listener,
      Alarm alarm) {
    RedisClusterClient client = RedisClusterClient.create(resources, address.uris());
    try {
      client.setOptions(
          ClusterClientOptions.builder()
              .autoReconnect(false)
              .socketOptions(sockets(settings.timeout()))
              .topologyRefreshOptions(
                  ClusterTopologyRefreshOptions.builder()
                      .enablePeriodicRefresh(Duration.ofSeconds(5))
                      .adaptiveRefreshTriggersTimeout(Duration.ofSeconds(1))
                      .build())
              .build());
      var connection = client.connect(CODEC);
      String info = info(() -> connection.sync().info());
      int major = checkVersion(info);
      return new Connections(
          resources,
          client,
          connection,
          connection.async(),
          Subscriber.of(client.connectPubSub(CODEC), major >= SHARDED, listener, alarm),
          major >= SHARDED,
          alarm);
    } catch (RuntimeException e) {
      client.shutdown(0, 1, TimeUnit.SECONDS);
      throw e;
    }
  }

  /** What Redis says of itself; nothing if the user may not ask. */
  private static String info(Supplier<String> ask) {
    try {
      return ask.get();
    } catch (RedisCommandExecutionException e) {
      if (String.valueOf(e.getMessage()).startsWith("NOPERM")) {
        return "";
      }
      throw e;
    }
  }

  private static int checkVersion(String info) {
    Matcher version = VERSION.matcher(info);
    if (!version.find()) {
      return OLDEST_MAJOR;
    }
    int major = Integer.parseInt(version.group(1));
    int minor = Integer.parseInt(version.group(2));
    if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)) {
      throw new IllegalStateException(
          "it is too old ("
              + version.group().substring("redis_version:".length())
              + "); 6.2 or newer is needed");
    }
    return major;
  }

  /** Whether a connection was lost. */
  boolean isBroken() {
    return alarm.isOn.get();
  }

  /** The command that publishes, for scripts. */
  String publishing() {
    return sharded ? "SPUBLISH" : "PUBLISH";
  }

  @Override
  public void close() {
    client.shutdown(0, 1, TimeUnit.SECONDS);
    var _ = resources.shutdown(0, 1, TimeUnit.SECONDS);
  }

  // --- asking ----------------------------------------------------------------------------------

  private <T> CompletionStage<T> ask(
      Function<RedisClusterAsyncCommands<String, byte[]>, CompletionStage<T>> question) {
    try {
      CompletionStage<T> answer = question.apply(commands);
      var _ =
          answer.exceptionally(
              failure -> {
                if (Failures.cause(failure) instanceof RedisCommandTimeoutException) {
                  alarm.run(); // some server of a Redis Cluster that the beat does not go to
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
      // It is just being closed, and some part of it was faster.
      return CompletableFuture.failedStage(e);
    }
  }

  CompletionStage<String> load(Script script) {
    return ask(to -> to.scriptLoad(script.text()));
  }

  /** Runs a script that answers with a list. */
  CompletionStage<List<Object>> run(Script script, String[] keys, byte[]... arguments) {
    return this.run(script, ScriptOutputType.MULTI, keys, arguments);
  }

  /** Runs a script that answers with one value. */
  CompletionStage<Object> ask(Script script, String[] keys, byte[]... arguments) {
    return this.run(script, ScriptOutputType.VALUE, keys, arguments);
  }

  private <T> CompletionStage<T> run(
      Script script, ScriptOutputType type, String[] keys, byte[]... arguments) {
    return this.<T>ask(to -> to.evalsha(script.sha(), type, keys, arguments))
        .exceptionallyCompose(
            failure -> {
              if (Failures.cause(failure) instanceof RedisNoScriptException) {
                // Somebody had Redis forget its scripts.
                return ask(to -> to.eval(script.text(), type, keys, arguments));
              }
              return CompletableFuture.failedStage(failure);
            });
  }

  CompletionStage<Map<String, byte[]>> hash(String key) {
    return ask(to -> to.hgetall(key));
  }

  CompletionStage<List<byte @Nullable []>> fields(String key, String... names) {
    return this.<List<KeyValue<String, byte[]>>>ask(to -> to.hmget(key, names))
        .thenApply(
            values ->
                values.stream().<byte @Nullable []>map(each -> each.getValueOrElse(null)).toList());
  }

  CompletionStage<List<String>> listed(String set) {
    return ask(to -> to.smembers(set))
        .thenApply(members -> members.stream().map(RedisBroker::text).toList());
  }

  CompletionStage<?> remember(String set, String member) {
    return ask(to -> to.sadd(set, bytes(member)));
  }

  void forget(String set, String member) {
    var _ = ask(to -> to.srem(set, bytes(member)));
  }

  CompletionStage<Boolean> setIfNew(String key, String value, long millis) {
    return ask(to -> to.set(key, bytes(value), SetArgs.Builder.nx().px(millis)))
        .thenApply(answer -> answer != null);
  }

  void forgetFields(String hash, String... names) {
    var _ = ask(to -> to.hdel(hash, names));
  }

  void release(String key) {
    var _ = ask(to -> to.del(key));
  }

  /** Takes an owner for dead, by its own word. */
  CompletionStage<?> bury(String alive, String dead, String owner, long now) {
    var _ = ask(to -> to.zadd(dead, (double) now, bytes(owner)));
    return ask(to -> to.zrem(alive, bytes(owner)));
  }

  // --- hearing ---------------------------------------------------------------------------------

  /** Not in a cluster of old, where each server knows its own listeners only. */
  boolean countsListeners() {
    return sharded || !(client instanceof RedisClusterClient);
  }

  CompletionStage<?> publish(String channel, byte[] message) {
    return ask(to -> sharded ? to.spublish(channel, message) : to.publish(channel, message));
  }

  CompletionStage<?> subscribe(String channel) {
    try {
      return subscriber.subscribe(channel);
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e); // as above
    }
  }

  CompletionStage<?> unsubscribe(String channel) {
    try {
      return subscriber.unsubscribe(channel);
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e); // who is closed hears nothing
    }
  }
}
