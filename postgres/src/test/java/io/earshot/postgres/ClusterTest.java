package io.earshot.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.TcpClient;
import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Several servers at one database. */
class ClusterTest extends PostgresTestCase {
  private static final String HISTORY = "rooms.historyMessages=1000";

  private EarshotServer member(RedisServer redis, String... more) {
    var all = new java.util.ArrayList<>(List.of("redis.url=" + redis.url(), HISTORY));
    all.addAll(List.of(more));
    EarshotServer server = start(all.toArray(String[]::new));
    awaitConnected(server);
    return server;
  }

  private boolean reads(EarshotServer server) {
    return state(server).contains("\"reading\":true");
  }

  @Test
  void one_server_of_a_cluster_reads_and_another_takes_over() throws Exception {
    RedisServer redis = opened(new RedisServer());
    EarshotServer a = member(redis);
    EarshotServer b = member(redis);
    Await.until("a reader", () -> reads(a) != reads(b));
    TcpClient listener = client(reads(a) ? b : a);
    listener.ask("roomChange orders.1");
    EarshotServer reader = reads(a) ? a : b;
    EarshotServer other = reads(a) ? b : a;
    try (Connection connection = postgres.connect()) {
      for (int i = 0; i < 150; i++) {
        put(connection, "orders.1", "message " + i);
      }
      Thread closing = Thread.ofVirtual().start(reader::close);
      for (int i = 150; i < 300; i++) {
        put(connection, "orders.1", "message " + i);
      }
      closing.join();
    }
    awaitEmpty();
    assertThat(reads(other)).isTrue();
    assertThat(history(other, "orders.1")).isEqualTo(numbers(0, 299));
    for (int i = 0; i < 300; i++) {
      assertThat(listener.heard()).contains("\"message\":\"message " + i + "\"");
    }
  }

  @Test
  void a_cluster_stores_each_message_once_and_each_server_reads_it() throws Exception {
    RedisServer redis = opened(new RedisServer());
    String[] settings = {"postgres.rooms=orders.*", "rooms.rules=orders.* historyMessages=3"};
    EarshotServer a = member(redis, settings);
    EarshotServer b = member(redis, settings);
    for (int i = 1; i <= 20; i++) {
      say(i % 2 == 0 ? a : b, "orders.1", "message " + i);
    }
    awaitRows(20);
    assertThat(history(a, "orders.1")).isEqualTo(numbers(1, 20));
    assertThat(history(b, "orders.1")).isEqualTo(numbers(1, 20));
    TcpClient client = client(b);
    assertThat(client.ask("roomChange orders.1 history=10")).contains("\"history\":10");
  }

  @Test
  void messages_wait_while_redis_is_away_and_keep_their_order() throws Exception {
    RedisServer redis = opened(new RedisServer());
    EarshotServer server = member(redis, "redis.timeout=500ms");
    redis.kill();
    try (Connection connection = postgres.connect()) {
      for (int i = 0; i < 50; i++) {
        put(connection, "orders.1", "message " + i);
      }
    }
    Await.until("a problem", () -> problems(server).contains("\"outbox"));
    redis.start();
    awaitEmpty();
    assertThat(history(server, "orders.1")).isEqualTo(numbers(0, 49));
    assertThat(state(server)).contains("\"dead\":0");
  }

  @Test
  void another_cluster_or_server_at_the_same_schema_is_refused() throws Exception {
    RedisServer redis = opened(new RedisServer());
    EarshotServer a = member(redis);
    String inUse = "the schema " + schema + " is in use by another server or cluster";
    EarshotServer other = start("redis.url=" + redis.url(), "redis.prefix=other:");
    EarshotServer alone = start();
    Await.until("a refusal", () -> state(other).contains(inUse) && state(alone).contains(inUse));
    try (Connection connection = postgres.connect()) {
      put(connection, "orders.1", "for the first");
    }
    awaitEmpty();
    assertThat(history(a, "orders.1")).hasSize(1);
    assertThat(reads(other)).isFalse();
    assertThat(reads(alone)).isFalse();
    Await.until("a problem", () -> problems(alone).contains(inUse));
  }
}
