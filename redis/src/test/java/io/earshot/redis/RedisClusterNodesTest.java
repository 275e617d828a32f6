package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node of a Redis Cluster that has no slots or cannot be reached does not stop a server. */
@Timeout(60)
final class RedisClusterNodesTest extends PeersTestCase {
  private static RedisCluster cluster;

  @BeforeAll
  @SuppressWarnings("NullAway.Init")
  static void start() throws IOException, InterruptedException {
    cluster = new RedisCluster();
  }

  @AfterAll
  static void stop() {
    if (cluster != null) {
      cluster.close();
    }
  }

  /** A server of Redis in cluster mode that has joined no cluster. */
  private static RedisServer emptyNode() throws IOException, InterruptedException {
    return new RedisServer(
        "--cluster-enabled", "yes", "--cluster-port", String.valueOf(Ports.free()));
  }

  @Test
  void an_empty_node_that_answers_first_does_not_hide_the_cluster() throws Exception {
    try (var empty = emptyNode();
        var late = new Link(cluster.nodes().getFirst().port())) {
      late.delay(Duration.ofMillis(100));
      BrokerPeer a =
          begin(
              Brokers.config(empty.url() + "," + late.url())
                  .with("redis.prefix", Brokers.prefix()));
      a.awaitConnected(1);
      for (int master = 0; master < cluster.nodes().size(); master++) {
        String room = "room " + master;
        Await.until(room + " can be reached", () -> a.broker().reaches(room));
        a.say(room, "x");
      }
      assertThat(a.broker().reachesAll()).isTrue();
      assertThat(warnings.messages()).isEmpty();
    }
  }

  @Test
  void nodes_that_know_no_master_with_slots_are_logged_and_asked_again() throws Exception {
    try (var empty = emptyNode()) {
      BrokerPeer a = begin(Brokers.config(empty.url()));
      Await.until("a warning", () -> !warnings.messages().isEmpty());
      assertThat(a.broker().reachesAll()).isFalse();
      assertThat(warnings.messages())
          .singleElement()
          .asString()
          .contains(empty.url().substring(8), "no node that answers knows a master with slots");
      empty.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
      a.awaitConnected(1);
      a.say("room", "x");
    }
  }

  @Test
  void the_lease_is_renewed_while_a_new_address_of_another_master_is_tried() throws Exception {
    String prefix = Brokers.prefix();
    String alive = prefix + "{peers}:alive";
    int withLeases = cluster.slot(alive) * 3 / 16_384;
    RedisServer leases = cluster.nodes().get(withLeases);
    RedisServer other = cluster.nodes().get((withLeases + 1) % 3);
    BrokerPeer a =
        begin(
            Brokers.config(String.join(",", cluster.urls()))
                .with("redis.prefix", prefix)
                .with("redis.timeout", "5s")
                .with("redis.lease", "20s"));
    a.awaitConnected(1);
    try (var silent = new Link(other.port())) {
      silent.blackHole();
      other.command("CONFIG", "SET", "cluster-announce-port", String.valueOf(silent.port()));
      awaitPort(silent.port());
      other.command("CLIENT", "KILL", "TYPE", "normal");
      a.awaitDisconnected(1);
      for (int beat = 0; beat < 2; beat++) {
        String before = score(leases, alive);
        Await.until("a beat", () -> !score(leases, alive).equals(before));
      }
    } finally {
      other.command("CONFIG", "SET", "cluster-announce-port", "0");
      awaitPort(other.port());
    }
  }

  @Test
  void a_server_that_stops_waits_for_the_answers_of_each_node() throws Exception {
    String prefix = Brokers.prefix();
    String alive = prefix + "{peers}:alive";
    int withLeases = cluster.slot(alive) * 3 / 16_384;
    RedisServer slow = cluster.nodes().get((withLeases + 1) % 3);
    String room = cluster.room(prefix, (withLeases + 1) % 3);
    BrokerPeer a =
        begin(
            Brokers.config(String.join(",", cluster.urls()))
                .with("redis.prefix", prefix)
                .with("redis.timeout", "5s")
                .with("redis.lease", "20s"));
    a.awaitConnected(1);
    a.say(room, "one");
    slow.pause();
    CompletionStage<?> place;
    Thread closing;
    try {
      place = a.broker().publish(room, a.post("two"), a.terms(room), null, 0);
      closing = Thread.startVirtualThread(a::close);
      Await.until(
          "the lease has ended",
          () -> !score(cluster.nodes().get(withLeases), alive).contains("peer"));
    } finally {
      slow.unpause();
    }
    assertThat(place.toCompletableFuture().get(20, TimeUnit.SECONDS)).isNotNull();
    assertThat(closing.join(Duration.ofSeconds(20))).isTrue();
  }

  private static void awaitPort(int port) {
    Await.until(
        "each node knows the port " + port,
        () -> {
          for (RedisServer node : cluster.nodes()) {
            if (!String.valueOf(node.command("CLUSTER", "NODES")).contains(":" + port + "@")) {
              return false;
            }
          }
          return true;
        });
  }

  private static String score(RedisServer node, String alive) throws IOException {
    return String.valueOf(
        Objects.requireNonNull(node.command("ZRANGE", alive, "0", "-1", "WITHSCORES")));
  }
}
