package io.earshot.test;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.token.TokenKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A server that a test starts.
 *
 * <p>Owned by the test's thread.
 */
final class OwnServer implements HostedServer {
  /** What tests need: free ports, no waiting, and the history by which gaps are found. */
  private static final List<String> DEFAULTS =
      List.of(
          "tcpServer.port=0",
          "tcpServer.bindIP=127.0.0.1",
          "httpServer.port=0",
          "httpServer.bindIP=127.0.0.1",
          "general.reconnectSpread=0s",
          "general.eventLoops=1",
          "rooms.historyMessages=10000",
          "rooms.historyBytes=524288",
          "metrics.enabled=false",
          "tokens.keys=test HS256 a key for tests that everybody knows");

  /** The end of the year 9999, in seconds since 1970. */
  private static final long LATEST = 253_402_300_799L;

  private final Config config;
  private final Consumer<Api> ready;
  private EarshotServer server;

  private OwnServer(Config config, Consumer<Api> ready) {
    this.config = config;
    this.ready = ready;
    this.server = started(config, ready);
  }

  static OwnServer start(List<String> settings, Consumer<Api> ready) {
    Config config = Config.defaults();
    for (List<String> some : List.of(DEFAULTS, settings)) {
      for (String setting : some) {
        String[] parts = setting.split("=", 2);
        if (parts.length < 2) {
          throw new IllegalArgumentException(
              "a setting of a test is PATH=VALUE, such as tcpServer.enabled=false, and not "
                  + setting);
        }
        config = config.with(parts[0].strip(), parts[1]);
      }
    }
    return new OwnServer(config, ready);
  }

  private static EarshotServer started(Config config, Consumer<Api> ready) {
    try {
      return EarshotServer.start(config, ready);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public EarshotServer server() {
    return server;
  }

  @Override
  public void restart() {
    server.close();
    server = started(config, ready);
  }

  @Override
  public String token(String user) {
    List<String> keys = config.tokens().keys();
    return new TokenKeys(keys, "").sign(Map.of("sub", user, "exp", LATEST));
  }

  @Override
  public void close() {
    server.close();
  }
}
