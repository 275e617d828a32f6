package io.earshot.redis.connection;

import static io.earshot.redis.connection.Utf8.bytes;

import io.earshot.redis.link.ConnectionPair;
import io.earshot.redis.link.NodeLink;
import io.earshot.redis.link.Redirection;
import io.earshot.spi.BrokerException;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.output.ValueListOutput;
import io.lettuce.core.protocol.CommandType;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Commands to Redis, and subscriptions: each goes to the server that has its key or channel. In a
 * Redis Cluster the links to the masters fail one by one, and the others go on. A command that a
 * node has refused because another one has the slot is sent to that one; no command that a server
 * may have run is sent again. A command that was not answered when its connection broke has failed.
 *
 * <p>Stages fail with exceptions of Lettuce; {@link Failures} translates them. While the server of
 * a key cannot be reached, they fail at once with a {@link BrokerException}.
 *
 * <p>Thread-safe: the links are thread-safe, and the table of subscriptions is concurrent.
 */
public final class Connections implements AutoCloseable {
  /** Before a command is sent again to a cluster that is moving the command's slot. */
  private static final long RETRY_MILLIS = 20;

  private final Servers servers;

  /** For each channel the connections on which it was last subscribed to. */
  private final Map<String, ConnectionPair> subscribed = new ConcurrentHashMap<>();

  Connections(Servers servers) {
    this.servers = servers;
  }

  /** Connects, in the background. */
  void start() {
    servers.start((pair, channel) -> subscribed.remove(channel, pair));
  }

  /** Starts to close all connections, and does not wait; commands that were not answered fail. */
  @Override
  public void close() {
    servers.close();
  }

  // --- links -----------------------------------------------------------------------------------

  /** Whether the server of a key or channel can be reached. */
  public boolean reaches(String name) {
    return pair(name) != null;
  }

  /** Whether each server that has some of the keys can be reached. */
  public boolean reachesAll() {
    return servers.areUp();
  }

  /** Whether each server that has some of the keys was reached once, or could not be reached. */
  public boolean areTried() {
    return servers.areTried();
  }

  /** The connections for a key or channel, for comparison; null if it cannot be reached. */
  public @Nullable Object link(String name) {
    return pair(name);
  }

  /** Has the connections for a key or channel replaced: the server does not do what it should. */
  public void replace(String name, String why) {
    NodeLink link = servers.routes().link(name);
    if (link != null) {
      link.replace(why);
    }
  }

  private @Nullable ConnectionPair pair(String name) {
    NodeLink link = servers.routes().link(name);
    return link == null ? null : link.pair();
  }

  private static <T> CompletionStage<T> unreachable() {
    return CompletableFuture.failedStage(unreachableNow());
  }

  /** The error while the server of a key cannot be reached. */
  public static BrokerException unreachableNow() {
    return new BrokerException("the cluster cannot be reached now; try again in a moment", false);
  }

  /** Complete when the commands that were sent before, to any server, are answered. */
  public CompletionStage<?> answered() {
    return CompletableFuture.allOf(
        servers.routes().links().stream()
            .map(NodeLink::pair)
            .filter(Objects::nonNull)
            .map(pair -> pair.send(RedisAsyncCommands::ping).toCompletableFuture())
            .toArray(CompletableFuture[]::new));
  }

  // --- sending ---------------------------------------------------------------------------------

  /** A command, ready to be sent. */
  private interface Command<T>
      extends Function<RedisAsyncCommands<String, byte[]>, CompletionStage<T>> {}

  /** A way to send a command on some connections. */
  private interface Way<T> extends Function<ConnectionPair, CompletionStage<T>> {}

  private <T> CompletionStage<T> send(String key, Command<T> command) {
    return send(key, pair -> pair.send(command), pair -> pair.sendAsking(command));
  }

  private <T> CompletionStage<T> send(String name, Way<T> way, Way<T> whileMoving) {
    ConnectionPair pair = pair(name);
    return pair == null
        ? unreachable()
        : way.apply(pair)
            .exceptionallyCompose(
                failure -> {
                  long until = System.nanoTime() + servers.timeout().toNanos();
                  return redirected(pair, failure, name, way, whileMoving, until);
                });
  }

  private <T> CompletionStage<T> redirected(
      ConnectionPair from,
      Throwable failure,
      String name,
      Way<T> way,
      Way<T> whileMoving,
      long until) {
    Redirection redirection = Redirection.of(failure);
    if (redirection == null || System.nanoTime() - until > 0) {
      from.failed(failure);
      return CompletableFuture.failedStage(failure);
    }
    return switch (redirection.kind()) {
      case MOVED -> {
        servers.review();
        ConnectionPair to = pair(redirection);
        yield to == null || to == from
            ? later(name, way, whileMoving, until)
            : sendTo(to, way, name, way, whileMoving, until);
      }
      case ASK -> {
        servers.review();
        ConnectionPair to = pair(redirection);
        yield to == null
            ? later(name, way, whileMoving, until)
            : sendTo(to, whileMoving, name, way, whileMoving, until);
      }
      case TRY_AGAIN -> later(name, way, whileMoving, until);
    };
  }

  private @Nullable ConnectionPair pair(Redirection redirection) {
    NodeLink link = servers.routes().link(redirection);
    return link == null ? null : link.pair();
  }

  private <T> CompletionStage<T> later(String name, Way<T> way, Way<T> whileMoving, long until) {
    return CompletableFuture.supplyAsync(
            () -> pair(name),
            CompletableFuture.delayedExecutor(
                RETRY_MILLIS, TimeUnit.MILLISECONDS, servers.executor()))
        .thenCompose(
            to -> to == null ? unreachable() : sendTo(to, way, name, way, whileMoving, until));
  }

  private <T> CompletionStage<T> sendTo(
      ConnectionPair to, Way<T> now, String name, Way<T> way, Way<T> whileMoving, long until) {
    return now.apply(to)
        .exceptionallyCompose(failure -> redirected(to, failure, name, way, whileMoving, until));
  }

  // --- scripts ---------------------------------------------------------------------------------

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
    return this.<T>send(keys[0], to -> to.evalsha(script.sha(), type, keys, arguments))
        .exceptionallyCompose(
            failure ->
                isUnknown(failure)
                    ? send(keys[0], to -> to.eval(script.text(), type, keys, arguments))
                    : CompletableFuture.failedStage(failure));
  }

  /**
   * Runs a script that answers with a list of texts.
   *
   * @param key one of the keys, all of which one server has
   */
  public CompletionStage<List<byte[]>> run(
      Script script, String key, Written keys, Written arguments) {
    return this.<List<byte[]>>send(
            key, to -> call(to, CommandType.EVALSHA, script.sha(), keys, arguments))
        .exceptionallyCompose(
            failure ->
                isUnknown(failure)
                    ? send(key, to -> call(to, CommandType.EVAL, script.text(), keys, arguments))
                    : CompletableFuture.failedStage(failure));
  }

  private static CompletionStage<List<byte[]>> call(
      RedisAsyncCommands<String, byte[]> to,
      CommandType type,
      String script,
      Written keys,
      Written arguments) {
    return to.dispatch(
        type, new ValueListOutput<>(WrittenArgs.CODEC), new WrittenArgs(script, keys, arguments));
  }

  /**
   * Whether Redis does not know a script: it has lost its loaded scripts, by SCRIPT FLUSH or a
   * failover, or never had them.
   */
  private static boolean isUnknown(Throwable failure) {
    return BrokerException.cause(failure) instanceof RedisNoScriptException;
  }

  /** Whether it is a Redis Cluster, where a script can change the keys of one slot only. */
  public boolean isCluster() {
    return servers.isCluster();
  }

  /** What the keys of one script have in common: a slot of a Redis Cluster, or nothing. */
  public int group(String key) {
    return servers.routes().group(key);
  }

  // --- hashes, sets and texts ------------------------------------------------------------------

  /** All fields of a hash. */
  public CompletionStage<Map<String, byte[]>> hash(String key) {
    return send(key, to -> to.hgetall(key));
  }

  /** The values of some fields of a hash, in the order of the names; null where there is none. */
  public CompletionStage<List<byte @Nullable []>> fields(String key, String... names) {
    return this.<List<KeyValue<String, byte[]>>>send(key, to -> to.hmget(key, names))
        .thenApply(
            values ->
                values.stream().<byte @Nullable []>map(each -> each.getValueOrElse(null)).toList());
  }

  /** How many fields a hash has. */
  public CompletionStage<Long> length(String hash) {
    return send(hash, to -> to.hlen(hash));
  }

  /** Deletes fields of a hash; returns before Redis has done so. */
  public void deleteFields(String hash, String... names) {
    var unused = send(hash, to -> to.hdel(hash, names));
  }

  /** All elements of a set. */
  public CompletionStage<List<String>> elements(String set) {
    return this.<Set<byte[]>>send(set, to -> to.smembers(set))
        .thenApply(all -> all.stream().map(Utf8::text).toList());
  }

  /** How many elements a set has. */
  public CompletionStage<Long> size(String set) {
    return send(set, to -> to.scard(set));
  }

  /** Adds an element to a set. */
  public CompletionStage<?> add(String set, String element) {
    return send(set, to -> to.sadd(set, bytes(element)));
  }

  /** Removes an element from a set; returns before Redis has done so. */
  public void remove(String set, String element) {
    var unused = send(set, to -> to.srem(set, bytes(element)));
  }

  /** Adds an element to a sorted set, or changes its score. */
  public CompletionStage<?> addScored(String sortedSet, String element, long score) {
    return send(sortedSet, to -> to.zadd(sortedSet, (double) score, bytes(element)));
  }

  /** Removes an element from a sorted set. */
  public CompletionStage<?> removeScored(String sortedSet, String element) {
    return send(sortedSet, to -> to.zrem(sortedSet, bytes(element)));
  }

  /** The lines of a section of what the server of Redis that has a key tells about itself. */
  public CompletionStage<String> info(String key, String section) {
    return send(key, to -> to.info(section));
  }

  /** Sets a text unless the key exists. */
  public CompletionStage<?> setIfAbsent(String key, String value) {
    return send(key, to -> to.set(key, bytes(value), SetArgs.Builder.nx()));
  }

  /** A text; null if the key does not exist. */
  public CompletionStage<@Nullable String> text(String key) {
    return send(key, to -> to.get(key))
        .<@Nullable String>thenApply(value -> value == null ? null : Utf8.text(value));
  }

  // --- channels --------------------------------------------------------------------------------

  /** The name of the command that publishes, for scripts. */
  public String publishCommand() {
    return servers.isSharded() ? "SPUBLISH" : "PUBLISH";
  }

  /**
   * Whether the answer to {@link #publish} counts all subscribers. It does not in a Redis Cluster
   * before version 7, where each server counts its own subscribers only.
   */
  public boolean countsSubscribers() {
    return servers.isSharded() || !servers.isCluster();
  }

  /** Publishes a message; the answer is the number of subscribers. */
  public CompletionStage<?> publish(String channel, byte[] message) {
    return send(
        channel,
        to -> servers.isSharded() ? to.spublish(channel, message) : to.publish(channel, message));
  }

  /** Subscribes to a channel; complete when every message published from then on arrives. */
  public CompletionStage<?> subscribe(String channel) {
    Way<Object> way = pair -> subscribe(pair, channel);
    return send(channel, way, way);
  }

  @SuppressWarnings("unchecked") // the value is never used
  private CompletionStage<Object> subscribe(ConnectionPair pair, String channel) {
    ConnectionPair before = subscribed.put(channel, pair);
    if (before != null && before != pair && before.whyBroken() == null) {
      // The channel has moved; messages that still come on the old connections are repeated.
      var unused = before.unsubscribe(channel, servers.isSharded());
    }
    return ((CompletionStage<Object>) pair.subscribe(channel, servers.isSharded()))
        .whenComplete(
            (ignored, failure) -> {
              if (failure != null) {
                subscribed.remove(channel, pair);
              }
            });
  }

  /** Ends the subscription of a channel. */
  public CompletionStage<?> unsubscribe(String channel) {
    ConnectionPair pair = subscribed.remove(channel);
    return pair == null
        ? CompletableFuture.completedStage(null)
        : pair.unsubscribe(channel, servers.isSharded());
  }

  /** Whether a channel is subscribed to at the server that has it. */
  public boolean isSubscribed(String channel) {
    ConnectionPair pair = subscribed.get(channel);
    return pair != null && pair == pair(channel);
  }

  /** The channels that are subscribed to; reflects later changes. */
  public Collection<String> subscriptions() {
    return subscribed.keySet();
  }
}
