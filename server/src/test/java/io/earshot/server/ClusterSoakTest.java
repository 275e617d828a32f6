package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.redis.RedisCluster;
import io.earshot.redis.RedisProvider;
import io.earshot.redis.RedisServer;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Two servers on a Redis Cluster of three masters and three replicas, in which every role is killed
 * and suspended, a replica takes over as planned, and slots move, all under load. Each shard has a
 * room of its own. No message that was answered OK is lost, and each outage has a bound.
 *
 * <p>The short form runs with all tests. {@code server/soak} repeats the faults, and leaves the
 * cluster alone for some minutes before.
 */
@Tag("soak") // server/soak runs it
final class ClusterSoakTest {
  private static final int ROUNDS = Integer.getInteger("soak.rounds", 1);
  private static final Duration IDLE =
      Duration.ofSeconds(Math.max(6, 60 * Integer.getInteger("soak.idle", 0)));

  /** Redis takes a second to suspect a node, and as long to replace a master. */
  private static final String[] OPTIONS = {
    "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no",
  };

  /** The lease outlasts a failover, so that the rooms of the other masters go on meanwhile. */
  private static final String[] SETTINGS = {"redis.lease=6s", "redis.timeout=1s"};

  /** How many seconds after Redis has a master for all slots messages arrive at the latest. */
  private static final double BOUND = 2;

  private final List<AutoCloseable> opened = new ArrayList<>();
  private final List<Load> loads = new ArrayList<>();

  @SuppressWarnings("NullAway.Init")
  private RedisCluster cluster;

  @SuppressWarnings("NullAway.Init")
  private List<RedisServer> nodes;

  @SuppressWarnings("NullAway.Init")
  private List<Peer> peers;

  private int leases;

  @Test
  void nothing_that_was_answered_ok_is_lost_in_a_redis_cluster_and_outages_have_a_bound()
      throws Exception {
    try {
      start();
      idle();
      for (int round = 0; round < ROUNDS; round++) {
        everyFault(round == ROUNDS - 1);
      }
      for (Load load : loads) {
        load.judge("a Redis Cluster with every fault").isWhole().isAnswered();
      }
    } finally {
      Faults.write("ClusterSoakTest");
      for (AutoCloseable each : opened.reversed()) {
        each.close();
      }
    }
  }

  private <T extends AutoCloseable> T with(T resource) {
    opened.add(resource);
    return resource;
  }

  private void start() throws Exception {
    cluster = with(new RedisCluster(1, OPTIONS));
    nodes = new ArrayList<>(cluster.nodes());
    String url = String.join(",", cluster.urls().subList(0, 3));
    peers =
        ClusterFixture.start(
            () -> Peer.at("sa", url, SETTINGS), () -> Peer.at("sb", url, SETTINGS));
    for (Peer each : peers) {
      with(each).connected();
    }
    for (int shard = 0; shard < 3; shard++) {
      loads.add(with(new Load(cluster.room("soak", shard), peers, true)));
    }
    leases = cluster.slot("earshot:{peers}") * 3 / 16_384;
  }

  /** A healthy cluster is left alone: no connection is made, and nothing is refused. */
  private void idle() throws Exception {
    long before = connections();
    loads.getFirst().hold(IDLE, () -> {});
    assertThat(connections() - before)
        .as("connections while idle; each question needs one")
        .isEqualTo(nodes.size());
    assertThat(loads.stream().mapToLong(Load::refused).sum()).as("refused while idle").isZero();
  }

  /** How many connections Redis has accepted. */
  private long connections() throws IOException {
    long all = 0;
    for (RedisServer node : nodes) {
      String stats = String.valueOf(node.command("INFO", "stats"));
      all += Long.parseLong(stats.replaceAll("(?s).*total_connections_received:(\\d+).*", "$1"));
    }
    return all;
  }

  /**
   * A fault of one shard; the rooms of the others go on.
   *
   * @param redis how long Redis itself needs until the shard has a master again
   */
  private void fault(String name, int shard, Load.Fault fault, Load.Fault redis) throws Exception {
    List<Load> others = loads.stream().filter(each -> each != loads.get(shard)).toList();
    long refused = others.stream().mapToLong(Load::refused).sum();
    long begun = System.nanoTime();
    fault.run();
    redis.run();
    double failedOver = (System.nanoTime() - begun) / 1e9;
    double healed = loads.get(shard).heal();
    long refusedElsewhere = others.stream().mapToLong(Load::refused).sum() - refused;
    Faults.note(
        name,
        String.format(
            Locale.ROOT,
            "%.1f s until there is a master, %.1f s more until messages arrive; %d refused in other"
                + " shards",
            failedOver,
            healed,
            refusedElsewhere));
    assertThat(healed).as("outage: " + name).isLessThanOrEqualTo(BOUND);
    assertThat(refusedElsewhere).as("refused in other shards: " + name).isZero();
  }

  private void everyFault(boolean isLast) throws Exception {
    int shard = leases == 0 ? 1 : 0;
    int slot = cluster.slot("earshot:{" + loads.get(shard).room() + "}");
    RedisServer here = master(shard);
    RedisServer there = master(leases);
    fault("slot moved", shard, () -> cluster.move(slot, here, there), () -> {});
    fault("slot moved back", shard, () -> cluster.move(slot, there, here), () -> {});
    RedisServer next = replica(shard);
    fault("planned failover", shard, () -> cluster.failover(next), () -> {});
    cluster.awaitReplica(here);
    fault("master suspended", shard, next::pause, () -> cluster.awaitMaster(here));
    if (!isLast) {
      next.unpause();
      cluster.awaitReplica(next);
    }
    fault("replica killed", shard, next::kill, () -> {});
    newcomer();
    RedisServer killed = master(leases);
    RedisServer heir = replica(leases);
    fault("master of the leases killed", leases, killed::kill, () -> cluster.awaitMaster(heir));
    if (!isLast) {
      next.start();
      killed.start();
      cluster.awaitReplica(next);
      cluster.awaitReplica(killed);
      fault("replica suspended", shard, next::pause, () -> {});
      next.unpause();
    }
  }

  /** A server that starts while a node is dead works. */
  private void newcomer() {
    Config config =
        Config.defaults()
            .with("redis.url", String.join(",", cluster.urls()))
            .with("redis.prefix", "late:"); // not a peer of the others
    try (var late = new BrokerPeer("late", new RedisProvider().broker(config)).start()) {
      late.awaitConnected(1);
      for (int i = 0; i < 30; i++) {
        late.say("late " + i, "works in every shard");
      }
    }
  }

  /** Nodes i and i + 3 are master and replica of shard i, in either role. */
  private RedisServer master(int shard) throws IOException {
    return isMaster(nodes.get(shard)) ? nodes.get(shard) : nodes.get(shard + 3);
  }

  private RedisServer replica(int shard) throws IOException {
    return isMaster(nodes.get(shard)) ? nodes.get(shard + 3) : nodes.get(shard);
  }

  private static boolean isMaster(RedisServer node) throws IOException {
    return String.valueOf(node.command("ROLE")).contains("master");
  }
}
