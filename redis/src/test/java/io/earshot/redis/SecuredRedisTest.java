package io.earshot.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.testing.Pair;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Redis and a sentinel that want TLS, a certificate of their clients, and passwords. */
@Timeout(60)
final class SecuredRedisTest {
  private static final String PASSWORD = "hunter2@:,";
  private static final String SENTINEL_PASSWORD = "hunter3";

  @TempDir static Path folder;
  private static RedisServer redis;
  private static RedisServer sentinel;
  private static Path combined;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    Pair pair = Pair.SHARED;
    combined =
        Files.writeString(
            folder.resolve("combined.pem"),
            Files.readString(pair.key()) + Files.readString(pair.cert()));
    redis = RedisServer.secured(pair, PASSWORD);
    sentinel =
        RedisServer.securedSentinel(
            pair,
            List.of(
                "requirepass " + SENTINEL_PASSWORD,
                "sentinel monitor main 127.0.0.1 " + redis.port() + " 1",
                "sentinel auth-pass main " + PASSWORD));
  }

  @AfterAll
  static void end() {
    if (sentinel != null) {
      sentinel.close();
    }
    if (redis != null) {
      redis.close();
    }
  }

  private static Config byAddress() {
    return Brokers.config("rediss://:hunter2@:%2C@127.0.0.1:" + redis.port())
        .with("redis.caFile", Pair.SHARED.cert())
        .with("redis.certFile", Pair.SHARED.cert())
        .with("redis.keyFile", Pair.SHARED.key());
  }

  private static Config bySentinel() {
    return byAddress()
        .with(
            "redis.url",
            "rediss-sentinel://:hunter2%40:%2C@127.0.0.1:"
                + sentinel.port()
                + "?sentinelMasterId=main")
        .with("redis.sentinelPassword", SENTINEL_PASSWORD);
  }

  @Test
  void a_server_connects_with_the_authority_the_certificate_and_the_password() throws Exception {
    assertConnects(byAddress());
  }

  @Test
  void one_file_with_certificate_and_key_is_enough() throws Exception {
    assertConnects(byAddress().with("redis.certFile", combined).with("redis.keyFile", ""));
  }

  @Test
  void a_sentinel_may_have_a_password_of_its_own() throws Exception {
    assertConnects(bySentinel());
    assertConnects(bySentinel().with("redis.sentinelUser", "default"));
  }

  private static void assertConnects(Config config) throws Exception {
    BrokerPeer peer = new BrokerPeer("peer", Brokers.at(config)).start();
    try {
      peer.awaitConnected(1);
      peer.say("room", "x");
    } finally {
      peer.close();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          redis.caFile           |        | not signed by a trusted authority: set redis.caFile
          redis.certFile         |        | certificate of its clients: set redis.certFile
          redis.sentinelPassword |        | NOAUTH
          redis.sentinelPassword | hunter | WRONGPASS
          """)
  void what_is_missing_is_said_and_no_secret(String path, String value, String why) {
    Config config = bySentinel().with(path, value == null ? "" : value);
    if (path.equals("redis.certFile")) {
      config = byAddress().with("redis.keyFile", "").with("redis.certFile", "");
    }
    try (var warnings = new Warnings()) {
      BrokerPeer peer = new BrokerPeer("peer", Brokers.at(config)).start();
      try {
        Await.until("a warning", () -> !warnings.messages().isEmpty());
      } finally {
        peer.close();
      }
      assertThat(warnings.messages())
          .singleElement()
          .asString()
          .contains(why, "127.0.0.1:")
          .doesNotContain("hunter");
    }
  }
}
