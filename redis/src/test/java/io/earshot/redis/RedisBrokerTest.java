package io.earshot.redis;

import io.earshot.spi.Broker;
import io.earshot.testing.BrokerContract;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Brokers that share one Redis keep the contract. */
final class RedisBrokerTest extends BrokerContract {
  private static @Nullable RedisServer redis;

  private final String prefix = Brokers.prefix();

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    redis = new RedisServer();
  }

  @AfterAll
  static void stop() {
    if (redis != null) {
      redis.close();
    }
  }

  @Override
  protected Broker broker() {
    if (redis == null) {
      throw new IllegalStateException("not started");
    }
    return Brokers.at(redis.url(), prefix);
  }
}
