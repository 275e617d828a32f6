package io.earshot.spring;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;

/**
 * Starts the server when all beans of the application are there, and stops it with the application:
 * clients are told to reconnect, as the settings {@code general.drainDelay}, {@code
 * general.drainTime} and {@code general.reconnectSpread} say.
 *
 * <p>Thread-safe: a lock around starts and stops; the server is volatile.
 */
public final class EarshotLifecycle implements SmartLifecycle, Supplier<EarshotServer> {
  private static final System.Logger LOG = System.getLogger(EarshotLifecycle.class.getName());

  /** That of the graceful shutdown of Spring Boot's web servers, so that both stop together. */
  private static final int PHASE = SmartLifecycle.DEFAULT_PHASE - 1024;

  private final Config config;
  private final Consumer<Api> ready;
  private final List<ServerListener> listeners;
  private final Environment environment;
  private volatile @Nullable EarshotServer server;
  private int tcpPort;
  private int httpPort;

  EarshotLifecycle(
      Config config, Consumer<Api> ready, List<ServerListener> listeners, Environment environment) {
    this.config = config;
    this.ready = ready;
    this.listeners = listeners;
    this.environment = environment;
  }

  /**
   * The server.
   *
   * @return the server that runs
   * @throws IllegalStateException if none runs
   */
  @Override
  public EarshotServer get() {
    EarshotServer now = server;
    if (now == null) {
      throw new IllegalStateException(
          "the Earshot server starts when all beans are there, and stops with the application: use a"
              + " bean of type PlugIn to prepare it, and call it after the start");
    }
    return now;
  }

  @Override
  public synchronized void start() {
    if (server != null) {
      return;
    }
    EarshotServer started = started();
    tcpPort = started.tcpPort();
    httpPort = started.httpPort();
    server = started;
    tellPorts();
    LOG.log(Level.INFO, "Earshot has started: {0}", ports(started));
    listeners.forEach(each -> each.started(started));
  }

  /** A server on the ports of the last one, if it may choose and they are still free. */
  private EarshotServer started() {
    Config same = config;
    if (config.tcpServer().port() == 0) {
      same = same.with("tcpServer.port", tcpPort);
    }
    if (config.httpServer().port() == 0) {
      same = same.with("httpServer.port", httpPort);
    }
    try {
      return start(same);
    } catch (BindException e) {
      if (!same.equals(config)) {
        try {
          return start(config);
        } catch (IOException again) {
          throw failure(again);
        }
      }
      throw failure(e);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private EarshotServer start(Config settings) throws IOException {
    try {
      return EarshotServer.start(settings, ready);
    } catch (IllegalArgumentException e) {
      throw new EarshotStartException("Earshot cannot start: " + e.getMessage(), e);
    }
  }

  private static EarshotStartException failure(IOException e) {
    String remedy =
        e instanceof BindException
            ? "; set earshot.tcp-server.port or earshot.http-server.port to another port, or to 0 for any"
            : "";
    return new EarshotStartException("Earshot cannot start: " + e.getMessage() + remedy, e);
  }

  private static String ports(EarshotServer server) {
    var ports = new StringBuilder();
    if (server.tcpPort() != 0) {
      ports.append("TCP on port ").append(server.tcpPort());
    }
    if (server.httpPort() != 0) {
      ports.append(ports.isEmpty() ? "" : ", ").append("HTTP and WebSocket on port ");
      ports.append(server.httpPort());
    }
    return ports.toString();
  }

  /** Makes the ports known as properties, as Spring Boot does it for its own servers. */
  private void tellPorts() {
    if (environment instanceof ConfigurableEnvironment changeable) {
      changeable
          .getPropertySources()
          .addFirst(
              new MapPropertySource(
                  "earshot.ports",
                  Map.of("local.earshot.tcp.port", tcpPort, "local.earshot.http.port", httpPort)));
    }
  }

  @Override
  public void stop() {
    var stopped = new CountDownLatch(1);
    stop(stopped::countDown);
    try {
      stopped.await(); // bounded by the settings of the drain and of the shutdown
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void stop(Runnable callback) {
    Thread.ofVirtual()
        .name("earshot-stop")
        .start(
            () -> {
              try {
                stopNow();
              } finally {
                callback.run();
              }
            });
  }

  private synchronized void stopNow() {
    EarshotServer now = server;
    if (now != null) {
      try {
        now.drain().join(); // ends by itself
        listeners.forEach(ServerListener::stopping);
      } finally {
        now.close();
        server = null;
        LOG.log(Level.INFO, "Earshot has stopped.");
      }
    }
  }

  @Override
  public boolean isRunning() {
    return server != null;
  }

  @Override
  public int getPhase() {
    return PHASE;
  }
}
