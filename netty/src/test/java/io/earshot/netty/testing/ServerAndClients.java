package io.earshot.netty.testing;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A server and its clients. All are closed after each test. */
public class ServerAndClients implements AfterEachCallback {
  private final Deque<Closeable> clients = new ConcurrentLinkedDeque<>();
  private @Nullable EarshotServer server;

  /** Changes settings, each given as {@code PATH=VALUE}. */
  public static Config with(Config config, String... settings) {
    Config changed = config;
    for (String setting : settings) {
      changed = changed.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    return changed;
  }

  /** Starts a server. Closes the clients and the server of before. */
  public EarshotServer start(Kind kind, Config config, String... settings) {
    stop();
    EarshotServer started = kind.start(with(config, settings));
    server = started;
    return started;
  }

  /** The server that was started last. */
  public EarshotServer server() {
    return Objects.requireNonNull(server, "a server that was started");
  }

  /** Closes something after the test, before the server. */
  public <T extends Closeable> T opened(T client) {
    clients.push(client);
    return client;
  }

  /** An HTTP client without cookies. */
  public HttpClient curl() {
    return opened(new HttpClient(server().httpPort(), false));
  }

  /** An HTTP client that keeps cookies. */
  public HttpClient browser() {
    return opened(new HttpClient(server().httpPort(), true));
  }

  /** A TCP client that has read its welcome. */
  public TcpClient lines() {
    return opened(TcpClient.welcomed(server().tcpPort()));
  }

  /** A client of a stream, which has read the head of the response. */
  public StreamClient stream(String path, String... headers) {
    return opened(StreamClient.open(server().httpPort(), path, headers));
  }

  /** A client that has read its welcome. */
  public Client client(Kind kind) {
    return opened(kind.welcomed(server()));
  }

  /** Closes all clients. */
  public void closeClients() {
    try {
      while (!clients.isEmpty()) {
        clients.pop().close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Closes all clients and the server. */
  public void stop() {
    closeClients();
    if (server != null) {
      server.close();
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    stop();
  }
}
