package io.earshot.netty;

import io.earshot.Config;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.redis.RedisServer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A Redis, and the servers and clients of a test. All are closed after each test, the newest first.
 *
 * <p>Owned by the test's thread.
 */
final class ServersOnRedis implements BeforeEachCallback, AfterEachCallback {
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  @SuppressWarnings("NullAway.Init") // set before each test
  RedisServer redis;

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    redis = opened(new RedisServer());
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  /** Closes something after the test. */
  <T extends AutoCloseable> T opened(T some) {
    open.push(some);
    return some;
  }

  /** Starts a server with the Redis, and with settings, each given as {@code PATH=VALUE}. */
  EarshotServer start(String... settings) {
    Config config = Config.defaults().with("redis.url", redis.url());
    return opened(Kind.LEAN_LINES.start(ServerAndClients.with(config, settings)));
  }
}
