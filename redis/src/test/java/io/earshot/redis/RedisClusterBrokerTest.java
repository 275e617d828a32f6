package io.earshot.redis;

import io.earshot.spi.Broker;
import io.earshot.testing.BrokerContract;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Brokers that share a Redis Cluster keep the contract. */
final class RedisClusterBrokerTest extends BrokerContract {
  private static @Nullable RedisCluster cluster;

  private final String prefix = Brokers.prefix();

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    cluster = new RedisCluster();
  }

  @AfterAll
  static void stop() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Override
  protected Broker broker() {
    if (cluster == null) {
      throw new IllegalStateException("not started");
    }
    return Brokers.at(String.join(",", cluster.urls()), prefix);
  }
}
