package io.earshot.redis;

import io.earshot.testing.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A Redis Cluster of three masters, with a replica each or without.
 *
 * <p>Owned by the test's thread.
 */
public final class RedisCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int MASTERS = 3;
  private static final int SLOTS = 16_384;

  private final List<RedisServer> nodes = new ArrayList<>();
  private final List<Integer> buses = new ArrayList<>();

  /**
   * Starts three masters without replicas, and waits until each reports that the cluster is ok.
   *
   * @throws IOException if one does not start
   * @throws InterruptedException if the test is interrupted
   */
  public RedisCluster() throws IOException, InterruptedException {
    this(0);
  }

  /**
   * Starts the servers, and waits until the cluster is ok, and the replicas have their data.
   *
   * @param replicas how many replicas each master has
   * @param options more options of each server
   * @throws IOException if one does not start
   * @throws InterruptedException if the test is interrupted
   */
  public RedisCluster(int replicas, String... options) throws IOException, InterruptedException {
    try {
      for (int i = 0; i < MASTERS * (1 + replicas); i++) {
        start(options);
      }
      for (int i = 0; i < MASTERS; i++) {
        RedisServer node = nodes.get(i);
        node.command(
            "CLUSTER",
            "ADDSLOTSRANGE",
            String.valueOf(SLOTS * i / MASTERS),
            String.valueOf(SLOTS * (i + 1) / MASTERS - 1));
        // Different epochs, so that the nodes need not resolve a conflict.
        node.command("CLUSTER", "SET-CONFIG-EPOCH", String.valueOf(i + 1));
      }
      for (int i = 1; i < nodes.size(); i++) {
        nodes
            .getFirst()
            .command(
                "CLUSTER",
                "MEET",
                Ports.LOOPBACK.getHostAddress(),
                String.valueOf(nodes.get(i).port()),
                String.valueOf(buses.get(i)));
      }
      for (int i = MASTERS; i < nodes.size(); i++) {
        replicate(nodes.get(i), nodes.get(i % MASTERS));
      }
      awaitOk();
      for (RedisServer replica : nodes.subList(MASTERS, nodes.size())) {
        awaitReplica(replica);
      }
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  private void start(String... options) throws IOException, InterruptedException {
    // By default the cluster port is 10,000 higher, and may be in use.
    int bus = Ports.free();
    var all = new ArrayList<>(List.of("--cluster-enabled", "yes"));
    all.addAll(List.of("--cluster-port", String.valueOf(bus), "--cluster-node-timeout", "2000"));
    all.addAll(List.of(options));
    buses.add(bus);
    nodes.add(new RedisServer(all.toArray(String[]::new)));
  }

  private static void replicate(RedisServer replica, RedisServer master) throws IOException {
    String id = id(master);
    Await.until(
        () -> "the replica knows its master",
        PATIENCE,
        () -> {
          try {
            return "OK".equals(replica.command("CLUSTER", "REPLICATE", id));
          } catch (RespClient.ErrorReply e) {
            return false;
          }
        });
  }

  private static boolean isCurrent(RedisServer replica) throws IOException {
    return String.valueOf(replica.command("INFO", "replication")).contains("master_link_status:up");
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
   * @return three servers, in the order of their slots, and then their replicas in the same order
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

  /**
   * The slot of a key.
   *
   * @param key any key
   * @return its slot
   * @throws IOException if no node answers
   */
  public int slot(String key) throws IOException {
    return ((Long) Objects.requireNonNull(nodes.getFirst().command("CLUSTER", "KEYSLOT", key)))
        .intValue();
  }

  /**
   * A room whose keys are on a master.
   *
   * @param prefix the beginning of the room's name
   * @param master its number, before any slot has moved
   * @return the room's name
   * @throws IOException if no node answers
   */
  public String room(String prefix, int master) throws IOException {
    for (int i = 0; ; i++) {
      String room = prefix + i;
      if (slot("earshot:{" + room + "}") * MASTERS / SLOTS == master) {
        return room;
      }
    }
  }

  /**
   * Moves a slot with its keys to another master, as {@code redis-cli --cluster reshard} does.
   *
   * @param slot the slot
   * @param from the master that has it
   * @param to the other one
   * @throws IOException if a server refuses
   */
  public void move(int slot, RedisServer from, RedisServer to) throws IOException {
    String number = String.valueOf(slot);
    to.command("CLUSTER", "SETSLOT", number, "IMPORTING", id(from));
    from.command("CLUSTER", "SETSLOT", number, "MIGRATING", id(to));
    while (from.command("CLUSTER", "GETKEYSINSLOT", number, "100") instanceof List<?> keys
        && !keys.isEmpty()) {
      var words = new ArrayList<>(List.of("MIGRATE", "127.0.0.1", String.valueOf(to.port())));
      words.addAll(List.of("", "0", "5000", "KEYS"));
      keys.forEach(key -> words.add(String.valueOf(key)));
      from.command(words.toArray(String[]::new));
    }
    to.command("CLUSTER", "SETSLOT", number, "NODE", id(to));
    from.command("CLUSTER", "SETSLOT", number, "NODE", id(to));
  }

  /**
   * Makes a replica the master, without losing anything (CLUSTER FAILOVER), and waits until it is.
   *
   * @param replica the replica
   * @throws IOException if it refuses
   */
  public void failover(RedisServer replica) throws IOException {
    replica.command("CLUSTER", "FAILOVER");
    awaitMaster(replica);
  }

  /**
   * Waits until a server is a master.
   *
   * @param node the server
   */
  public void awaitMaster(RedisServer node) {
    Await.until(
        () -> node.url() + " is a master",
        PATIENCE,
        () -> String.valueOf(node.command("ROLE")).contains("master"));
  }

  /**
   * Waits until a server that was away is a replica that has its data.
   *
   * @param node the server
   */
  public void awaitReplica(RedisServer node) {
    Await.until(
        () -> node.url() + " is a replica with its data",
        PATIENCE,
        () -> String.valueOf(node.command("ROLE")).contains("slave") && isCurrent(node));
  }

  private static String id(RedisServer node) throws IOException {
    return String.valueOf(node.command("CLUSTER", "MYID"));
  }

  @Override
  public void close() {
    nodes.forEach(RedisServer::close);
  }
}
