package io.earshot.netty.testing;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A kind of socket and a transport. All of them have to keep the same promises. */
public enum Kind {
  LEAN_LINES("lean", 2),
  LEAN_FRAMES("lean", 1),
  EPOLL_LINES("epoll", 1),
  EPOLL_FRAMES("epoll", 2),
  NIO_LINES("nio", 2),
  NIO_FRAMES("nio", 1),
  EPOLL_TLS_LINES("epoll", 2),
  EPOLL_TLS_FRAMES("epoll", 1),
  /** All that is worth it is compressed. */
  DEFLATE_FRAMES("lean", 2);

  private final String sockets;
  private final int loops;

  Kind(String sockets, int loops) {
    this.sockets = sockets;
    this.loops = loops;
  }

  /**
   * Starts a server. It announces new connections at once, so that tests need not wait, unless the
   * configuration has another time than the default.
   */
  public EarshotServer start(Config config) {
    Duration usual = Config.defaults().rooms().announceAfter();
    boolean isUsual = config.rooms().announceAfter().equals(usual);
    return startAsIs(isUsual ? config.with("rooms.announceAfter", Duration.ZERO) : config);
  }

  /** Starts a server that announces new connections as the configuration says. */
  public EarshotServer startAsIs(Config config) {
    Pair pair = pair();
    Config same =
        compressing(config)
            .with("general.sockets", sockets)
            .with("general.eventLoops", loops)
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0);
    try {
      return EarshotServer.start(pair == null ? same : pair.securing(same));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Config compressing(Config config) {
    return this == DEFLATE_FRAMES
        ? config
            .with("webSockets.compression", "batches")
            .with("webSockets.minCompressedLength", 16)
        : config;
  }

  private @Nullable Pair pair() {
    return this == EPOLL_TLS_LINES || this == EPOLL_TLS_FRAMES ? Pair.SHARED : null;
  }

  /** How many clients a test may bring: most in the two ways that nearly all clients come. */
  public int crowd() {
    return switch (this) {
      case LEAN_LINES, LEAN_FRAMES -> 2_000;
      case EPOLL_LINES, EPOLL_FRAMES, NIO_LINES, NIO_FRAMES, DEFLATE_FRAMES -> 600;
      case EPOLL_TLS_LINES, EPOLL_TLS_FRAMES -> 200;
    };
  }

  public boolean isPlain() {
    return pair() == null;
  }

  public boolean isLines() {
    return this == LEAN_LINES
        || this == EPOLL_LINES
        || this == NIO_LINES
        || this == EPOLL_TLS_LINES;
  }

  /** A client that has not read its welcome. */
  public Client open(EarshotServer server) {
    if (isLines()) {
      return new TcpClient(server.tcpPort(), pair());
    }
    return this == DEFLATE_FRAMES
        ? offering(server, WebSocketClient.DEFLATE)
        : WebSocketClient.open(server.httpPort(), pair());
  }

  /** A client that offers extensions of WebSocket, and has not read its welcome. */
  public WebSocketClient offering(EarshotServer server, String offer) {
    return WebSocketClient.offering(server.httpPort(), pair(), offer);
  }

  /** A client at the HTTP port that has sent nothing yet. */
  public WebSocketClient raw(EarshotServer server) {
    return WebSocketClient.raw(server.httpPort(), pair());
  }

  public Client welcomed(EarshotServer server) {
    if (isLines()) {
      return TcpClient.welcomed(server.tcpPort(), pair());
    }
    return this == DEFLATE_FRAMES
        ? offering(server, WebSocketClient.DEFLATE).welcome()
        : WebSocketClient.welcomed(server.httpPort(), pair());
  }
}
