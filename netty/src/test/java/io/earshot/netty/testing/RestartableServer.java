package io.earshot.netty.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.earshot.Actions;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Consumer;

/**
 * A server that restarts on the same ports on request.
 *
 * <p>Owned by the thread of its control server, and by the test's thread before and after that.
 */
public final class RestartableServer implements AutoCloseable {
  private final Config config;
  private final HttpServer control;
  private final int tcpPort;
  private final int httpPort;
  private final Consumer<Actions> actions;
  private EarshotServer server;

  public RestartableServer(Config config) throws IOException {
    this(config, _ -> {});
  }

  /**
   * Starts the server.
   *
   * @param actions adds actions, after each start
   */
  public RestartableServer(Config config, Consumer<Actions> actions) throws IOException {
    this.actions = actions;
    server = Kind.LEAN_FRAMES.start(config);
    actions.accept(server.api().actions());
    tcpPort = server.tcpPort();
    httpPort = server.httpPort();
    this.config = config.with("tcpServer.port", tcpPort).with("httpServer.port", httpPort);
    control = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    var _ = control.createContext("/restart", this::restart);
    control.start();
  }

  public int tcpPort() {
    return tcpPort;
  }

  public int httpPort() {
    return httpPort;
  }

  /** Where {@code /restart} is asked for. */
  public int controlPort() {
    return control.getAddress().getPort();
  }

  private void restart(HttpExchange exchange) throws IOException {
    server.close();
    server = EarshotServer.start(config);
    actions.accept(server.api().actions());
    exchange.sendResponseHeaders(200, -1);
    exchange.close();
  }

  @Override
  public void close() {
    control.stop(0);
    server.close();
  }
}
