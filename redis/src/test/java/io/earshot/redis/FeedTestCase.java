package io.earshot.redis;

import io.earshot.Config;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * A test of the feed with servers that share a Redis.
 *
 * <p>Owned by the test's thread.
 */
abstract class FeedTestCase extends PeersTestCase {
  private static @Nullable RedisServer shared;

  final String prefix = Brokers.prefix();

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    shared = new RedisServer();
  }

  @AfterAll
  static void stop() {
    if (shared != null) {
      shared.close();
    }
  }

  static RedisServer redis() {
    return Objects.requireNonNull(shared);
  }

  final Config config() {
    return Brokers.config(redis().url()).with("redis.prefix", prefix);
  }

  final BrokerPeer peer() {
    return peer(config());
  }

  final BrokerPeer peer(Config config) {
    BrokerPeer peer = begin(config);
    peer.awaitConnected(1);
    return peer;
  }

  final String stream(int part) {
    return prefix + "{feed}:" + part;
  }
}
