package io.earshot.redis;

import io.earshot.Config;
import io.earshot.spi.Broker;
import io.earshot.spi.BrokerProvider;
import java.time.InstantSource;

/**
 * Makes the brokers of servers that share the Redis of the setting {@code redis.url}.
 *
 * <p>Immutable.
 */
public final class RedisProvider implements BrokerProvider {

  /** Called by {@link java.util.ServiceLoader}. */
  public RedisProvider() {}

  @Override
  public Broker broker(Config config) {
    return new RedisBroker(
        config.redis(), config.feed().bytes(), InstantSource.system(), System::nanoTime);
  }
}
