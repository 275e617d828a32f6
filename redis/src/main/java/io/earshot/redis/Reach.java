package io.earshot.redis;

import io.earshot.redis.connection.ConnectionEvents;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.RateLimitedLog;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Tells this server which rooms it can reach in Redis, and the log why it cannot reach others. The
 * rooms of the server of Redis that has the leases are told after the next beat, so that this
 * server writes with a lease that is valid; those of other servers at once.
 *
 * <p>Thread-safe: concurrent and volatile fields.
 */
final class Reach implements ConnectionEvents {
  private static final System.Logger LOG = System.getLogger(Reach.class.getName());

  private final String address;
  private final Keys keys;
  private final ClusterState state;
  private final Beats beats;
  private final Bus bus;
  private final RateLimitedLog log;

  /** The servers of Redis whose failure was logged, until their return is. */
  private final Set<String> reported = ConcurrentHashMap.newKeySet();

  private volatile boolean isClosed;

  /**
   * Knows no connections yet.
   *
   * @param address the address of the settings, for log lines
   */
  Reach(String address, Keys keys, ClusterState state, Beats beats, Bus bus, RateLimitedLog log) {
    this.address = address;
    this.keys = keys;
    this.state = state;
    this.beats = beats;
    this.bus = bus;
    this.log = log;
    reported.add(address); // so that the first connection is logged
  }

  /** Tells nobody anything any more: this server leaves the cluster. */
  void close() {
    isClosed = true;
  }

  RateLimitedLog log() {
    return log;
  }

  // --- what the connections tell ---------------------------------------------------------------

  @Override
  public void reached(String server, Predicate<String> names) {
    if (isClosed) {
      return;
    }
    if (state.connections() == null || names.test(keys.alive())) {
      beats.request();
      return;
    }
    logReturn(server);
    bus.connected(rooms(names));
  }

  @Override
  public void lost(Predicate<String> names) {
    if (!isClosed && state.connections() != null) {
      bus.disconnected(rooms(names));
    }
    beats.request();
  }

  @Override
  public void unsubscribed(String channel) {
    String room = keys.room(channel);
    if (isClosed || room == null) {
      beats.request(); // the next beat subscribes to this server's own channel again
    } else {
      bus.connected(room::equals);
    }
  }

  @Override
  public void failed(String server, Exception failure) {
    if (isClosed) {
      return;
    }
    String reason =
        failure instanceof TimeoutException ? "it does not answer" : Failures.reason(failure);
    state.connectFailed();
    if (log.isDue("connect " + server + " " + reason)) {
      reported.add(server);
      LOG.log(
          Level.WARNING,
          "Redis at {0} cannot be used: {1}{2}. This server keeps trying. Meanwhile it keeps its"
              + " connections and refuses messages to {3}.",
          server,
          reason,
          Failures.remedy(reason),
          server.equals(address) ? "rooms" : "the rooms there");
    }
  }

  private Predicate<String> rooms(Predicate<String> names) {
    return room -> names.test(keys.channel(room));
  }

  private void logReturn(String server) {
    if (reported.remove(server)) {
      LOG.log(Level.INFO, "connected to Redis at {0} as {1}", server, state.peer());
    }
  }

  // --- what the heartbeat tells ----------------------------------------------------------------

  /**
   * This server has a lease again.
   *
   * @param areAll whether the members of all rooms depend on it: it is another lease than before.
   *     Otherwise the connections to the server of Redis that has the leases are others
   */
  void leased(Connections redis, boolean areAll) {
    logReturn(address);
    if (redis.reachesAll()) {
      reported.clear();
    }
    warnOfEviction(redis);
    Object link = redis.link(keys.alive());
    bus.connected(
        areAll
            ? room -> redis.reaches(keys.channel(room))
            : room -> Objects.equals(redis.link(keys.channel(room)), link));
  }

  /**
   * Warns of a Redis that removes keys when its memory is full. It need not answer: the user may
   * lack the right.
   */
  private void warnOfEviction(Connections redis) {
    var unused =
        redis
            .info(keys.alive(), "memory")
            .thenAccept(
                info -> {
                  Map<String, String> fields = fields(info);
                  String policy = fields.getOrDefault("maxmemory_policy", "noeviction");
                  if (!policy.equals("noeviction") && log.isDue("eviction")) {
                    LOG.log(
                        Level.WARNING,
                        "maxmemory-policy of Redis is {0}: when its memory is full ({1}), it removes rooms,"
                            + " members and leases without a word. Set maxmemory-policy to noeviction, so that it"
                            + " refuses messages instead.",
                        policy,
                        fields.getOrDefault("maxmemory", "0").equals("0")
                            ? "maxmemory is not set now"
                            : "maxmemory " + fields.get("maxmemory_human"));
                  }
                });
  }

  private static Map<String, String> fields(String info) {
    return info.lines()
        .map(line -> line.split(":", 2))
        .filter(parts -> parts.length == 2)
        .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1], (a, ignored) -> a));
  }

  /** The secret of the cluster could not be written or read. */
  void secretFailed(Throwable failure) {
    if (isClosed || !Failures.isRefusal(failure)) {
      return; // a lost connection, which is noticed by itself
    }
    String reason = Failures.reason(failure);
    if (log.isDue("secret")) {
      LOG.log(
          Level.WARNING,
          "the servers of the cluster cannot share a secret through the key {0} (commands SET and"
              + " GET): {1}{2}. This server signs tokens with a secret of its own, and tries again.",
          keys.secret(),
          reason,
          Failures.remedy(reason));
    }
  }

  /** Redis has refused a beat; returns whether new connections can help. */
  boolean refused(Exception failure) {
    failed(address, failure);
    return switch (Failures.reason(failure).split(" ", 2)[0]) {
      case "CLUSTERDOWN", "MASTERDOWN", "MOVED", "ASK", "TRYAGAIN", "LOADING" -> false;
      default -> true;
    };
  }
}
