package io.earshot.redis;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A Redis Cluster of three servers without replicas.
 *
 * <p>Owned by the test's thread.
 */
public final class RedisCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int NODES = 3;
  private static final int SLOTS = 16_384;

  private final List<RedisServer> nodes = new ArrayList<>();

  /**
   * Starts the servers, and waits until each reports that the cluster is ok.
   *
   * @throws IOException if one does not start
   * @throws InterruptedException if the test is interrupted
   */
  public RedisCluster() throws IOException, InterruptedException {
    try {
      var buses = new ArrayList<Integer>();
      for (int i = 0; i < NODES; i++) {
        // By default the cluster port is 10,000 higher, and may be in use.
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
        // Different epochs, so that the nodes need not resolve a conflict.
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
   * Waits until each node reports that the cluster is ok. All nodes must run. A node that has not
   * noticed that another one was away reports ok as well.
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
   * @return three servers, in the order of their slots
   */
  public List<RedisServer> nodes() {
    return List.copyOf(nodes);
  }

  /**
   * The addresses of the servers; a client finds all of them through any one.
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
