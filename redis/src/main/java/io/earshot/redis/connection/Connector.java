package io.earshot.redis.connection;

import io.earshot.Config;
import io.earshot.redis.connection.Connections.BreakSignal;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Opens connections to the Redis of the settings, and finds out what kind of Redis it is: one
 * server or a Redis Cluster, and which version.
 *
 * <p>Immutable.
 */
public final class Connector {
  private static final RedisCodec<String, byte[]> CODEC =
      RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);

  private static final Pattern VERSION = Pattern.compile("redis_version:(\\d+)\\.(\\d+)[^\r\n]*");
  private static final int OLDEST_MAJOR = 6;
  private static final int OLDEST_MINOR = 2;

  /** The first major version whose clusters have sharded channels. */
  private static final int SHARDED = 7;

  static {
    // epoll serves two connections as well, and Lettuce warns each time if it finds both.
    if (System.getProperty("io.lettuce.core.iouring") == null) {
      System.setProperty("io.lettuce.core.iouring", "false");
    }
  }

  private final Address address;
  private final Duration timeout;

  /**
   * Makes a connector; does not connect.
   *
   * @throws IllegalArgumentException if {@code redis.url} is not an address; the message says what
   *     to write
   */
  public Connector(Config.Redis settings) {
    this.address = Address.of(settings);
    this.timeout = settings.timeout();
  }

  /** The address for log lines, without passwords. */
  public String address() {
    return address.toString();
  }

  /**
   * Connects. Blocks for a few times the setting {@code redis.timeout} at most.
   *
   * @param listener receives the channel and the text of each message on a subscribed channel;
   *     called by one thread of Lettuce per connection
   * @param onBroken called on a thread of Lettuce when a connection breaks
   * @throws RuntimeException if a connection cannot be made; {@link Failures#reason} says why
   */
  public Connections open(BiConsumer<String, byte[]> listener, Runnable onBroken) {
    var signal = new BreakSignal(new AtomicBoolean(), onBroken);
    ClientResources resources =
        DefaultClientResources.builder().ioThreadPoolSize(2).computationThreadPoolSize(2).build();
    try {
      return address.isCluster()
          ? openCluster(resources, listener, signal)
          : openServer(resources, listener, signal);
    } catch (RuntimeException e) {
      var _ = resources.shutdown(0, 1, TimeUnit.SECONDS);
      throw e;
    }
  }

  private Connections openServer(
      ClientResources resources, BiConsumer<String, byte[]> listener, BreakSignal signal) {
    RedisClient client = RedisClient.create(resources, address.uris().getFirst());
    try {
      client.setOptions(
          ClientOptions.builder().autoReconnect(false).socketOptions(socketOptions()).build());
      var connection = client.connect(CODEC);
      String info = info(() -> connection.sync().info());
      if (info.contains("cluster_enabled:1")) {
        client.shutdown(0, 1, TimeUnit.SECONDS);
        return openCluster(resources, listener, signal);
      }
      checkVersion(info);
      if (info.contains("role:slave")) {
        throw new IllegalStateException("READONLY the server is a replica");
      }
      return new Connections(
          resources,
          client,
          connection,
          connection.async(),
          ChannelSubscriptions.of(client.connectPubSub(CODEC), listener),
          false,
          signal);
    } catch (RuntimeException e) {
      client.shutdown(0, 1, TimeUnit.SECONDS);
      throw e;
    }
  }

  private Connections openCluster(
      ClientResources resources, BiConsumer<String, byte[]> listener, BreakSignal signal) {
    RedisClusterClient client = RedisClusterClient.create(resources, address.uris());
    try {
      client.setOptions(
          ClusterClientOptions.builder()
              .autoReconnect(false)
              .socketOptions(socketOptions())
              .topologyRefreshOptions(
                  ClusterTopologyRefreshOptions.builder()
                      .enablePeriodicRefresh(Duration.ofSeconds(5))
                      .adaptiveRefreshTriggersTimeout(Duration.ofSeconds(1))
                      .build())
              .build());
      var connection = client.connect(CODEC);
      String info = info(() -> connection.sync().info());
      boolean sharded = checkVersion(info) >= SHARDED;
      var subscriber = client.connectPubSub(CODEC);
      return new Connections(
          resources,
          client,
          connection,
          connection.async(),
          sharded
              ? new ShardedSubscriptions(subscriber, listener, signal)
              : ChannelSubscriptions.of(subscriber, listener),
          sharded,
          signal);
    } catch (RuntimeException e) {
      client.shutdown(0, 1, TimeUnit.SECONDS);
      throw e;
    }
  }

  private SocketOptions socketOptions() {
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

  /** The answer to INFO; empty if the Redis user has no right to ask. */
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

  /** Returns the major version; the oldest supported one if INFO does not contain it. */
  private static int checkVersion(String info) {
    Matcher version = VERSION.matcher(info);
    if (!version.find()) {
      return OLDEST_MAJOR;
    }
    int major = Integer.parseInt(version.group(1));
    int minor = Integer.parseInt(version.group(2));
    if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)) {
      throw new IllegalStateException(
          "Redis "
              + version.group().substring("redis_version:".length())
              + " is too old; 6.2 or newer is needed");
    }
    return major;
  }
}
