package io.earshot.redis.link;

import io.earshot.Config;
import io.earshot.spi.BrokerException;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Opens connections to single servers of Redis. Each wait has a bound, also where Lettuce has none.
 *
 * <p>Thread-safe: Lettuce's client is.
 */
public final class Opener implements AutoCloseable {
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

  private final ClientResources resources =
      DefaultClientResources.builder().ioThreadPoolSize(2).computationThreadPoolSize(2).build();
  private final RedisClient client = RedisClient.create(resources);
  private final List<String> scripts;
  private final ClientOptions options;
  private final Supplier<SslOptions> tls;

  /**
   * Opens nothing yet.
   *
   * @param scripts loaded on each server, if it lets them be loaded
   * @param tls the options of TLS, asked for each time that a connection is made
   */
  public Opener(Config.Redis settings, List<String> scripts, Supplier<SslOptions> tls) {
    this.scripts = scripts;
    this.tls = tls;
    this.options =
        ClientOptions.builder()
            .autoReconnect(false)
            .socketOptions(
                SocketOptions.builder()
                    .connectTimeout(settings.timeout())
                    .tcpNoDelay(true)
                    .keepAlive(
                        SocketOptions.KeepAliveOptions.builder()
                            .enable()
                            .idle(Duration.ofSeconds(5))
                            .interval(Duration.ofSeconds(2))
                            .count(3)
                            .build())
                    .build())
            .build();
  }

  /** Reads the certificates for the next connections. */
  private void readTls() {
    client.setOptions(options.mutate().sslOptions(tls.get()).build());
  }

  /** Threads for short tasks. */
  public Executor executor() {
    return resources.eventExecutorGroup();
  }

  /** Starts to close all connections, and does not wait. */
  @Override
  public void close() {
    var unused =
        client
            .shutdownAsync(0, 1, TimeUnit.SECONDS)
            .orTimeout(1, TimeUnit.SECONDS)
            .whenComplete(
                (ignored, failure) -> {
                  var unusedEnd = resources.shutdown(0, 1, TimeUnit.SECONDS);
                });
  }

  /** What kind of Redis there is. */
  public record Kind(boolean isCluster, boolean isSharded) {
    private static Kind of(String info) {
      boolean isCluster = info.contains("cluster_enabled:1");
      return new Kind(isCluster, checkVersion(info) >= SHARDED && isCluster);
    }
  }

  /** Asks the first of some servers that answers what kind of Redis there is. */
  public Kind kind(List<RedisURI> uris)
      throws InterruptedException, ExecutionException, TimeoutException {
    return Kind.of(answers(uris, (ignored, to) -> info(to), ignored -> true).getFirst());
  }

  /**
   * Asks some servers for the nodes of their cluster, until their answers are enough or all have
   * answered or failed.
   *
   * @return one view at least
   */
  public List<Topology.View> views(List<RedisURI> uris, Predicate<List<Topology.View>> areEnough)
      throws InterruptedException, ExecutionException, TimeoutException {
    return answers(
        uris,
        (uri, to) -> to.clusterNodes().thenApply(text -> new Topology.View(uri.getHost(), text)),
        areEnough);
  }

  private interface Question<T> {
    CompletionStage<T> ask(RedisURI uri, RedisAsyncCommands<String, byte[]> to);
  }

  private <T> List<T> answers(
      List<RedisURI> uris, Question<T> question, Predicate<List<T>> areEnough)
      throws InterruptedException, ExecutionException, TimeoutException {
    readTls();
    var answers = new CopyOnWriteArrayList<T>();
    var end = new CompletableFuture<Boolean>();
    var asking =
        uris.stream()
            .map(
                uri ->
                    ask(uri, question)
                        .thenAccept(
                            answer -> {
                              answers.add(answer);
                              if (areEnough.test(answers)) {
                                end.complete(true);
                              }
                            }))
            .toList();
    var unused =
        CompletableFuture.allOf(asking.toArray(CompletableFuture<?>[]::new))
            .whenComplete((ignored, failure) -> end.complete(true));
    try {
      var unusedEnd = Patience.await(end, limit(uris.getFirst()));
    } catch (TimeoutException e) {
      if (answers.isEmpty()) {
        throw e;
      }
    }
    if (answers.isEmpty()) {
      throw new ExecutionException(BrokerException.cause(asking.getFirst().exceptionNow()));
    }
    return List.copyOf(answers);
  }

  private <T> CompletableFuture<T> ask(RedisURI uri, Question<T> question) {
    return client
        .connectAsync(CODEC, uri)
        .toCompletableFuture()
        .orTimeout(limit(uri).toMillis(), TimeUnit.MILLISECONDS)
        .thenCompose(
            connection ->
                question
                    .ask(uri, connection.async())
                    .whenComplete((ignored, failure) -> close(connection)));
  }

  /** How long it may take to connect: Lettuce bounds each step, but not all of them together. */
  private static Duration limit(RedisURI uri) {
    return uri.getTimeout().multipliedBy(2L + uri.getSentinels().size());
  }

  /**
   * Opens two connections to a server.
   *
   * @param isAlone whether the server is not a node of a Redis Cluster; it must be a primary then
   * @param onBroken called once or more when the pair must be replaced
   */
  public ConnectionPair open(RedisURI uri, boolean isAlone, Runnable onBroken)
      throws InterruptedException, ExecutionException, TimeoutException {
    readTls();
    StatefulRedisConnection<String, byte[]> connection =
        opened(client.connectAsync(CODEC, uri), limit(uri));
    try {
      if (isAlone) {
        String info = Patience.await(info(connection.async()), uri.getTimeout());
        checkVersion(info);
        if (info.contains("role:slave")) {
          throw new IllegalStateException("READONLY the server is a replica");
        }
      }
      // Not awaited, and may fail: a script that is not there is sent in full.
      for (String script : scripts) {
        var unused = connection.async().scriptLoad(script);
      }
      return new ConnectionPair(
          connection,
          opened(client.connectPubSubAsync(CODEC, uri), limit(uri)),
          resources.eventExecutorGroup().next(),
          onBroken);
    } catch (InterruptedException | ExecutionException | TimeoutException | RuntimeException e) {
      close(connection);
      throw e;
    }
  }

  /** The connection, which is closed if it opens too late. */
  private static <C extends StatefulConnection<?, ?>> C opened(
      CompletionStage<C> opening, Duration limit)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return Patience.await(opening, limit);
    } catch (InterruptedException | TimeoutException e) {
      var unused = opening.thenAccept(Opener::close);
      throw e;
    }
  }

  private static void close(StatefulConnection<?, ?> connection) {
    var unused = connection.closeAsync();
  }

  /** The answer to INFO; empty if the Redis user has no right to ask. */
  private static CompletionStage<String> info(RedisAsyncCommands<String, byte[]> to) {
    return to.info()
        .exceptionallyCompose(
            failure ->
                BrokerException.cause(failure) instanceof RedisCommandExecutionException refused
                        && String.valueOf(refused.getMessage()).startsWith("NOPERM")
                    ? CompletableFuture.completedStage("")
                    : CompletableFuture.failedStage(failure));
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
