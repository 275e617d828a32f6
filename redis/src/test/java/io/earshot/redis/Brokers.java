package io.earshot.redis;

import io.earshot.Config;
import io.earshot.spi.Broker;
import java.util.concurrent.atomic.AtomicInteger;

/** Brokers that are quick to see that something is wrong. */
final class Brokers {
  private static final AtomicInteger PREFIXES = new AtomicInteger();

  private Brokers() {}

  /** What the names of one test begin with, so that it shares Redis with others unseen. */
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
