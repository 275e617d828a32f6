package io.earshot.redis;

import io.earshot.Config;
import io.earshot.spi.Broker;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes brokers with short timeouts. */
final class Brokers {
  private static final AtomicInteger PREFIXES = new AtomicInteger();

  private Brokers() {}

  /** A prefix for the keys of one test, so that tests can share a Redis. */
  static String prefix() {
    return "t" + PREFIXES.incrementAndGet() + ":";
  }

  static Config config(String url) {
    return Config.defaults()
        .with("redis.url", url)
        .with("redis.lease", "2s")
        .with("redis.timeout", "1s");
  }

  static Broker at(String url, String prefix) {
    return at(config(url).with("redis.prefix", prefix));
  }

  static Broker at(Config config) {
    config.check();
    return new RedisProvider().broker(config);
  }
}
