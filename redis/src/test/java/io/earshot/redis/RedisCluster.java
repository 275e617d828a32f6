package io.earshot.redis;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Three servers that share the slots of a Redis Cluster, without replicas.
 *
 * <p>Owned by the test's thread.
 */
public final class RedisCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int NODES = 3;
  private static final int SLOTS = 16_384;

  private final List<RedisServer> nodes = new ArrayList<>();

  /**
   * Starts them, and waits until each says that the cluster works.
   *
   * @throws IOException if one does not start
   * @throws InterruptedException if the test is interrupted
   */
  public RedisCluster() throws IOException, InterruptedException {
    try {
      var buses = new ArrayList<Integer>();
      for (int i = 0; i < NODES; i++) {
        // By default the nodes' own port is 10,000 higher, where somebody else may be.
        int bus = Ports.free();
        buses.add(bus);
        nodes.add(
            new RedisServer(
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                String.valueOf(bus),
                "--cluster-node-timeout",
                "2000"));
      }
      for (int i = 0; i < NODES; i++) {
        RedisServer node = nodes.get(i);
        node.command(
            "CLUSTER",
            "ADDSLOTSRANGE",
            String.valueOf(SLOTS * i / NODES),
            String.valueOf(SLOTS * (i + 1) / NODES - 1));
        // Each its own, so that they need not settle whose view is the newer one.
        node.command("CLUSTER", "SET-CONFIG-EPOCH", String.valueOf(i + 1));
      }
      for (int i = 1; i < NODES; i++) {
        nodes
            .getFirst()
            .command(
                "CLUSTER",
                "MEET",
                Ports.LOOPBACK.getHostAddress(),
                String.valueOf(nodes.get(i).port()),
                String.valueOf(buses.get(i)));
      }
      awaitOk();
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  /**
   * Waits until each node says that the cluster works. All have to run; and one that has not yet
   * seen that another was away says so as well.
   *
   * @throws InterruptedException if the test is interrupted
   */
  public void awaitOk() throws InterruptedException {
    for (RedisServer node : nodes) {
      node.log().awaitLast("Cluster state changed: ", "ok", PATIENCE);
    }
  }

  /**
   * The servers.
   *
   * @return three, by the slots that they have
   */
  public List<RedisServer> nodes() {
    return List.copyOf(nodes);
  }

  /**
   * Where they are, for a client, which finds all of them through any.
   *
   * @return {@code redis://127.0.0.1:PORT} for each
   */
  public List<String> urls() {
    return nodes.stream().map(RedisServer::url).toList();
  }

  @Override
  public void close() {
    nodes.forEach(RedisServer::close);
  }
}
