package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The test fixtures themselves: Redis servers, links and sentinels. */
@Timeout(60)
final class HarnessTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration SOON = Duration.ofMillis(200);

  @Test
  void a_server_answers_with_strings_numbers_lists_and_nil() throws Exception {
    try (var redis = new RedisServer()) {
      assertThat(redis.command("PING")).isEqualTo("PONG");
      assertThat(redis.command("SET", "k", "grüß\r\ndich")).isEqualTo("OK");
      assertThat(redis.command("GET", "k")).isEqualTo("grüß\r\ndich");
      assertThat(redis.command("RPUSH", "l", "a", "b")).isEqualTo(2L);
      assertThat(redis.command("LRANGE", "l", "0", "-1")).isEqualTo(List.of("a", "b"));
      assertThat(redis.command("GET", "none")).isNull();
      assertThatThrownBy(() -> redis.command("GET", "l"))
          .isInstanceOf(RespClient.ErrorReply.class)
          .hasMessageStartingWith("WRONGTYPE");
    }
  }

  @Test
  void a_server_with_a_password_accepts_clients_that_have_it() throws Exception {
    try (var redis = new RedisServer("--requirepass", "x");
        var anonymous = new RespClient(redis.port(), PATIENCE)) {
      assertThat(redis.command("PING")).isEqualTo("PONG");
      assertThatIOException()
          .isThrownBy(() -> anonymous.call("PING"))
          .withMessageStartingWith("NOAUTH");
    }
  }

  @Test
  void a_subscriber_receives_published_messages() throws Exception {
    try (var redis = new RedisServer();
        RespClient subscriber = redis.client(PATIENCE)) {
      assertThat(subscriber.call("SUBSCRIBE", "c")).isEqualTo(List.of("subscribe", "c", 1L));
      redis.command("PUBLISH", "c", "forged");
      assertThat(subscriber.read()).isEqualTo(List.of("message", "c", "forged"));
      assertThat(redis.command("CLIENT", "KILL", "TYPE", "pubsub")).isEqualTo(1L);
      assertLost(subscriber);
    }
  }

  @Test
  void a_paused_server_answers_after_it_continues() throws Exception {
    try (var redis = new RedisServer();
        RespClient client = redis.client(SOON);
        RespClient patient = redis.client(PATIENCE)) {
      redis.pause();
      assertThatThrownBy(() -> client.call("PING")).isInstanceOf(SocketTimeoutException.class);
      patient.send("PING");
      redis.unpause();
      assertThat(patient.read()).isEqualTo("PONG");
    }
  }

  @Test
  void a_killed_server_comes_back_empty_at_its_port() throws Exception {
    try (var redis = new RedisServer()) {
      redis.command("SET", "k", "v");
      redis.pause();
      redis.kill();
      assertThatIOException().isThrownBy(() -> redis.command("PING"));
      redis.start();
      assertThat(redis.command("GET", "k")).isNull();
    }
  }

  @Test
  void a_stopped_server_comes_back_with_its_files() throws Exception {
    try (var redis = new RedisServer("--appendonly", "yes")) {
      redis.command("SET", "k", "v");
      redis.pause();
      redis.stop();
      redis.start();
      assertThat(redis.command("GET", "k")).isEqualTo("v");
    }
  }

  @Test
  void a_closed_server_leaves_no_process_and_no_folder() throws Exception {
    List<?> folder;
    int port;
    try (var redis = new RedisServer("--appendonly", "yes")) {
      folder = (List<?>) redis.command("CONFIG", "GET", "dir");
      port = redis.port();
      redis.pause();
    }
    assertThat(folder).isNotNull();
    assertThat(Files.exists(Path.of(String.valueOf(folder.get(1))))).isFalse();
    assertThatIOException().isThrownBy(() -> new RespClient(port, SOON).close());
  }

  @Test
  void a_server_that_does_not_start_reports_its_log() {
    RedisServer.assumeInstalled();
    assertThatThrownBy(() -> new RedisServer("--maxmemory", "much").close())
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("argument must be a memory value");
  }

  @Test
  void a_cut_link_closes_connections_and_refuses_new_ones() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port());
        var client = new RespClient(link.port(), PATIENCE)) {
      assertThat(client.call("PING")).isEqualTo("PONG");
      link.cut();
      assertLost(client);
      try (var newcomer = new RespClient(link.port(), PATIENCE)) {
        assertLost(newcomer);
      }
      link.restore();
      assertThat(ping(link)).isEqualTo("PONG");
    }
  }

  @Test
  void a_black_hole_holds_bytes_back_until_it_ends() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port());
        var client = new RespClient(link.port(), PATIENCE)) {
      assertThat(client.call("SUBSCRIBE", "c")).isEqualTo(List.of("subscribe", "c", 1L));
      link.blackHole();
      // To Redis, from Redis, and on a new connection.
      client.send("SUBSCRIBE", "d");
      assertThat(redis.command("PUBLISH", "c", "held back")).isEqualTo(1L);
      try (var newcomer = new RespClient(link.port(), SOON)) {
        assertThatThrownBy(() -> newcomer.call("PING")).isInstanceOf(SocketTimeoutException.class);
        assertThat(redis.command("PUBSUB", "CHANNELS")).isEqualTo(List.of("c"));
        link.restore();
        assertThat(newcomer.read()).isEqualTo("PONG");
      }
      assertThat(client.read()).isEqualTo(List.of("message", "c", "held back"));
      assertThat(client.read()).isEqualTo(List.of("subscribe", "d", 2L));
    }
  }

  @Test
  void bytes_lost_in_a_black_hole_never_arrive() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port());
        var client = new RespClient(link.port(), PATIENCE)) {
      assertThat(client.call("PING")).isEqualTo("PONG");
      link.blackHole();
      client.send("SET", "k", "v");
      link.restoreAfterLoss();
      assertLost(client);
      assertThat(ping(link)).isEqualTo("PONG");
      assertThat(redis.command("GET", "k")).isNull();
    }
  }

  @Test
  void a_black_hole_hides_that_redis_has_ended() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port());
        var client = new RespClient(link.port(), SOON)) {
      assertThat(client.call("PING")).isEqualTo("PONG");
      link.blackHole();
      redis.kill();
      assertThatThrownBy(client::read).isInstanceOf(SocketTimeoutException.class);
      try (var newcomer = new RespClient(link.port(), SOON)) {
        assertThatThrownBy(newcomer::read).isInstanceOf(SocketTimeoutException.class);
      }
      link.restore();
      assertLost(client);
    }
  }

  @Test
  void a_slow_link_delays_each_way_and_keeps_the_order() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port());
        var client = new RespClient(link.port(), PATIENCE)) {
      assertThat(client.call("PING")).isEqualTo("PONG");
      link.delay(Duration.ofMillis(100));
      long start = System.nanoTime();
      for (int i = 1; i <= 100; i++) {
        client.send("INCR", "n");
      }
      for (long i = 1; i <= 100; i++) {
        assertThat(client.read()).isEqualTo(i);
      }
      // Not 100 round trips: bytes under way do not wait for earlier ones to arrive.
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isBetween(Duration.ofMillis(200), Duration.ofSeconds(10));
      link.restore();
      assertThat(client.call("PING")).isEqualTo("PONG");
    }
  }

  @Test
  void a_link_carries_large_values() throws Exception {
    String large = "0123456789".repeat(500_000);
    try (var redis = new RedisServer();
        var link = new Link(redis.port());
        var client = new RespClient(link.port(), PATIENCE)) {
      assertThat(client.call("SET", "k", large)).isEqualTo("OK");
      assertThat(client.call("GET", "k")).isEqualTo(large);
    }
  }

  @Test
  void a_link_rewrites_the_answers_of_redis() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port());
        var client = new RespClient(link.port(), PATIENCE)) {
      redis.command("SET", "k", "redis_version:7.0.15");
      link.rewrite(Link.replace("redis_version:7.0.15", "redis_version:5.0.15"));
      assertThat(client.call("GET", "k")).isEqualTo("redis_version:5.0.15");
      assertThat(redis.command("GET", "k")).isEqualTo("redis_version:7.0.15");
    }
  }

  @Test
  void sentinels_promote_the_replica_of_a_dead_primary() throws Exception {
    try (var sentinels = new Sentinels()) {
      RedisServer before = sentinels.primary();
      before.command("SET", "k", "v");
      sentinels.awaitReplica();
      sentinels.failover();
      assertThat(sentinels.primary()).isNotSameAs(before);
      assertThat(sentinels.primary().command("GET", "k")).isEqualTo("v");
      assertThat(sentinels.primary().command("SET", "k", "w")).isEqualTo("OK");
      RedisClient client = RedisClient.create(RedisURI.create(sentinels.url()));
      try (var connection = client.connect()) {
        assertThat(connection.sync().get("k")).isEqualTo("w");
      } finally {
        client.shutdown(Duration.ZERO, PATIENCE);
      }
    }
  }

  @Test
  void a_cluster_spreads_keys_over_its_nodes() throws Exception {
    try (var cluster = new RedisCluster()) {
      for (RedisServer node : cluster.nodes()) {
        assertThat(node.command("CLUSTER", "INFO"))
            .asString()
            .contains("cluster_state:ok", "cluster_known_nodes:3");
      }
      // Keys of about slots 1,000, 7,000 and 13,000: one node has each, the others redirect.
      for (String key : List.of("b", "c", "a")) {
        assertThat(cluster.nodes().stream().filter(node -> takes(node, key))).hasSize(1);
      }
      for (RedisServer node : cluster.nodes()) {
        assertThat(node.command("DBSIZE")).isEqualTo(1L);
      }
    }
  }

  /** Asserts that the connection has ended, and is not merely silent. */
  private static void assertLost(RespClient client) {
    assertThatThrownBy(client::read)
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(SocketTimeoutException.class);
  }

  private static boolean takes(RedisServer node, String key) {
    try {
      return "OK".equals(node.command("SET", key, "v"));
    } catch (IOException e) {
      assertThat(e).hasMessageStartingWith("MOVED");
      return false;
    }
  }

  private static Object ping(Link link) throws IOException {
    try (var client = new RespClient(link.port(), PATIENCE)) {
      Object answer = client.call("PING");
      assertThat(answer).isNotNull();
      return answer;
    }
  }
}
