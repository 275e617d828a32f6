package io.earshot.redis;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A primary, its replica, and sentinels that promote the replica when the primary fails.
 *
 * <p>Owned by the test's thread.
 */
public final class Sentinels implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String NAME = "earshot";

  private final List<RedisServer> sentinels = new ArrayList<>();
  private final List<RedisServer> servers = new ArrayList<>();
  private RedisServer primary;
  private RedisServer replica;

  /**
   * Starts a primary, a replica and one sentinel.
   *
   * @throws IOException if one does not start
   * @throws InterruptedException if the test is interrupted
   */
  public Sentinels() throws IOException, InterruptedException {
    this(1);
  }

  /**
   * Starts all servers, and waits until the replica is in sync and the sentinels know each other.
   *
   * @param count how many sentinels; a majority must agree on a failover
   * @throws IOException if one does not start
   * @throws InterruptedException if the test is interrupted
   */
  public Sentinels(int count) throws IOException, InterruptedException {
    try {
      primary = started(new RedisServer());
      replica =
          started(
              new RedisServer(
                  "--replicaof", Ports.LOOPBACK.getHostAddress(), String.valueOf(primary.port())));
      awaitReplica();
      for (int i = 0; i < count; i++) {
        sentinels.add(RedisServer.sentinel(settings(count / 2 + 1)));
      }
      for (RedisServer sentinel : sentinels) {
        sentinel.log().await("+slave slave", /* mark= */ 0, PATIENCE);
        sentinel.log().awaitAll("+sentinel sentinel", count - 1, PATIENCE);
      }
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  private RedisServer started(RedisServer server) {
    servers.add(server);
    return server;
  }

  private List<String> settings(int quorum) {
    return List.of(
        "sentinel monitor %s %s %d %d"
            .formatted(NAME, Ports.LOOPBACK.getHostAddress(), primary.port(), quorum),
        "sentinel down-after-milliseconds %s 1000".formatted(NAME),
        "sentinel failover-timeout %s 4000".formatted(NAME));
  }

  /**
   * The address of the sentinels.
   *
   * @return {@code redis-sentinel://HOST:PORT,HOST:PORT?sentinelMasterId=earshot}
   */
  public String url() {
    return sentinels.stream()
        .map(RedisServer::address)
        .collect(Collectors.joining(",", "redis-sentinel://", "?sentinelMasterId=" + NAME));
  }

  /**
   * The server that is the primary according to the sentinels.
   *
   * @return one of the two
   */
  public RedisServer primary() {
    return primary;
  }

  /**
   * The other server.
   *
   * @return the replica, or the old primary after {@link #failover}, which does not run then
   */
  public RedisServer replica() {
    return replica;
  }

  /**
   * Waits until the replica has all data that the primary has now. After {@link #failover} and a
   * restart of the old primary, waits until that has become a replica, which may take ten seconds.
   *
   * @throws IOException if that takes too long
   * @throws InterruptedException if the test is interrupted
   */
  public void awaitReplica() throws IOException, InterruptedException {
    try (RespClient client = primary.client(PATIENCE)) {
      // WAIT waits for what this connection has written, and returns at once if it wrote nothing.
      // A published message is sent to replicas and changes no data.
      var _ = client.call("PUBLISH", "harness", "");
      var _ = client.call("WAIT", "1", "0");
    }
  }

  /**
   * Kills the primary, and waits until the sentinels have promoted the replica.
   *
   * @throws IOException if a sentinel does not answer
   * @throws InterruptedException if the test is interrupted
   */
  public void failover() throws IOException, InterruptedException {
    List<Integer> marks = marks();
    primary.kill();
    awaitSwitch(marks);
  }

  /**
   * Pauses the primary, and waits until the sentinels have promoted the replica. The old primary,
   * once resumed, acts as the primary until a sentinel demotes it, some ten seconds later.
   *
   * @throws IOException if a sentinel does not answer
   * @throws InterruptedException if the test is interrupted
   */
  public void failoverByPause() throws IOException, InterruptedException {
    List<Integer> marks = marks();
    primary.pause();
    awaitSwitch(marks);
  }

  private List<Integer> marks() {
    return sentinels.stream().map(sentinel -> sentinel.log().mark()).toList();
  }

  private void awaitSwitch(List<Integer> marks) throws IOException, InterruptedException {
    for (int i = 0; i < sentinels.size(); i++) {
      sentinels.get(i).log().await("+switch-master", marks.get(i), PATIENCE);
    }
    RedisServer before = primary;
    primary = replica;
    replica = before;
    for (RedisServer sentinel : sentinels) {
      Object named = sentinel.command("SENTINEL", "get-master-addr-by-name", NAME);
      if (!List.of(Ports.LOOPBACK.getHostAddress(), String.valueOf(primary.port())).equals(named)) {
        throw new AssertionError("the sentinels name " + named);
      }
    }
  }

  @Override
  public void close() {
    sentinels.forEach(RedisServer::close);
    servers.forEach(RedisServer::close);
  }
}
