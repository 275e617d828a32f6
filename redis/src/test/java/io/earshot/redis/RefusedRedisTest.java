package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.protocol.Json;
import io.earshot.spi.BrokerException;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A Redis that cannot be used is logged once, and used as soon as it can be. */
@Timeout(60)
final class RefusedRedisTest extends PeersTestCase {
  private static final String ROOM = "room";
  private static final Pattern RECEIVED = Pattern.compile("total_connections_received:(\\d+)");

  @Test
  void a_wrong_password_is_logged_once_and_retried_slowly() throws Exception {
    try (var redis = new RedisServer("--requirepass", "right")) {
      BrokerPeer a = begin(Brokers.config("redis://:wrong@127.0.0.1:" + redis.port()));
      assertRefused(a, redis, "WRONGPASS", "the password in redis.url is wrong");
      redis.command("CONFIG", "SET", "requirepass", "wrong");
      a.awaitConnected(1);
      a.say(ROOM, "x");
    }
  }

  @Test
  void a_missing_password_is_logged_once_and_retried_slowly() throws Exception {
    try (var redis = new RedisServer("--requirepass", "right")) {
      BrokerPeer a = begin(Brokers.config(redis.url()));
      assertRefused(a, redis, "NOAUTH", "redis://:PASSWORD@HOST:PORT");
      redis.command("CONFIG", "SET", "requirepass", "");
      a.awaitConnected(1);
      a.say(ROOM, "x");
    }
  }

  @Test
  void a_redis_that_removes_keys_when_it_is_full_is_named() throws Exception {
    try (var redis = new RedisServer("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru");
        var warnings = new Warnings()) {
      begin(Brokers.config(redis.url())).awaitConnected(1);
      Await.until("a warning", () -> !warnings.messages().isEmpty());
      assertThat(warnings.messages())
          .singleElement()
          .asString()
          .startsWith(
              "maxmemory-policy of Redis is allkeys-lru: when its memory is full (maxmemory 100.00M)");
    }
  }

  @Test
  void a_replica_is_refused() throws Exception {
    // Its primary need not exist.
    try (var redis = new RedisServer("--replicaof", "127.0.0.1", "1")) {
      BrokerPeer a = begin(Brokers.config(redis.url()));
      assertRefused(a, redis, "the server is a replica", "its sentinels");
      redis.command("REPLICAOF", "NO", "ONE");
      a.awaitConnected(1);
      a.say(ROOM, "x");
    }
  }

  @Test
  void an_old_redis_is_refused() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port())) {
      Object info = redis.command("INFO", "server");
      Matcher version = Pattern.compile("redis_version:\\d").matcher(String.valueOf(info));
      assertThat(version.find()).isTrue();
      link.rewrite(Link.replace(version.group(), "redis_version:5"));
      BrokerPeer a = begin(Brokers.config(link.url()));
      assertRefused(a, redis, "Redis 5.", "is too old", "6.2 or newer");
      link.rewrite(bytes -> bytes);
      a.awaitConnected(1);
      a.say(ROOM, "x");
    }
  }

  private void assertRefused(BrokerPeer peer, RedisServer redis, String... words)
      throws IOException {
    long start = System.nanoTime();
    try (RespClient client = redis.client(Await.LIMIT)) {
      long before = received(client);
      Await.until("five more connections", () -> received(client) >= before + 5);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .as("five more connections")
        .isGreaterThan(Duration.ofMillis(400));
    assertThatThrownBy(() -> peer.say(ROOM, "x"))
        .isInstanceOfSatisfying(
            BrokerException.class,
            e -> {
              assertThat(e).hasMessageContaining("cannot be reached");
              assertThat(e.maybeDone()).isFalse();
            });
    assertThat(peer.connections()).isZero();
    assertThat(warnings.messages()).singleElement().asString().contains(words);
  }

  private static long received(RespClient client) throws IOException {
    Matcher received = RECEIVED.matcher(String.valueOf(client.call("INFO", "stats")));
    assertThat(received.find()).isTrue();
    return Long.parseLong(received.group(1));
  }

  @Test
  void a_refused_connection_is_logged_once() throws Exception {
    int port = Ports.free();
    BrokerPeer a = begin(Brokers.config("redis://127.0.0.1:" + port));
    Await.until("a warning", () -> !warnings.messages().isEmpty());
    assertThatThrownBy(() -> a.say(ROOM, "x")).isInstanceOf(BrokerException.class);
    // It does not know the other servers yet, and one of them may have the answer.
    assertThatThrownBy(() -> BrokerPeer.get(a.broker().askAll(Json.of("?"))))
        .hasStackTraceContaining("try again in 1000 ms");
    a.close();
    assertThat(warnings.messages())
        .singleElement()
        .asString()
        .contains("127.0.0.1:" + port, "Connection refused");
  }
}
