package io.earshot.redis;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A primary, its replica, and sentinels that put the one in the place of the other.
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
   * Starts all with one sentinel, whose word is enough.
   *
   * @throws IOException if one does not start
   * @throws InterruptedException if the test is interrupted
   */
  public Sentinels() throws IOException, InterruptedException {
    this(1);
  }

  /**
   * Starts all, and waits until the replica has what the primary has and the sentinels know all.
   *
   * @param count how many sentinels, of which most have to agree
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
   * Where the sentinels are.
   *
   * @return {@code redis-sentinel://HOST:PORT,HOST:PORT?sentinelMasterId=earshot}
   */
  public String url() {
    return sentinels.stream()
        .map(RedisServer::address)
        .collect(Collectors.joining(",", "redis-sentinel://", "?sentinelMasterId=" + NAME));
  }

  /**
   * The server that the sentinels named last.
   *
   * @return one of the two
   */
  public RedisServer primary() {
    return primary;
  }

  /**
   * The other server.
   *
   * @return one of the two; after {@link #failover} it does not run, unless it was started again
   */
  public RedisServer replica() {
    return replica;
  }

  /**
   * Waits until the replica has all that the primary had when this was called; also that the old
   * primary, started again after {@link #failover}, has become a replica, which may take ten
   * seconds.
   *
   * @throws IOException if it takes too long
   * @throws InterruptedException if the test is interrupted
   */
  public void awaitReplica() throws IOException, InterruptedException {
    try (RespClient client = primary.client(PATIENCE)) {
      // WAIT is for what this connection has written, and says yes at once if that is nothing, even
      // while the replica has not begun to listen. A message goes to replicas and leaves no trace.
      var _ = client.call("PUBLISH", "harness", "");
      var _ = client.call("WAIT", "1", "0");
    }
  }

  /**
   * Kills the primary, and waits until the sentinels name the other one.
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
   * Pauses the primary, and waits until the sentinels name the other one. The old one, once it is
   * let go on, takes itself for the primary until a sentinel tells it, some ten seconds later.
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
