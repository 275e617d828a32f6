package io.earshot.netty;

import io.earshot.Config;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The ways that clients reach a server, each of which has to keep the same promises. */
enum Kind {
  EPOLL_LINES("epoll", 1),
  EPOLL_FRAMES("epoll", 2),
  NIO_LINES("nio", 2),
  NIO_FRAMES("nio", 1);

  private final String sockets;
  private final int loops;

  Kind(String sockets, int loops) {
    this.sockets = sockets;
    this.loops = loops;
  }

  EarshotServer start(Config config) {
    try {
      return EarshotServer.start(
          config
              .with("general.sockets", sockets)
              .with("general.eventLoops", loops)
              .with("tcpServer.port", 0)
              .with("httpServer.port", 0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean isLines() {
    return this == EPOLL_LINES || this == NIO_LINES;
  }

  /** A client that has not read its welcome. */
  Client open(EarshotServer server) {
    return isLines() ? new TcpClient(server.tcpPort()) : WebSocketClient.open(server.httpPort());
  }

  Client welcomed(EarshotServer server) {
    return isLines()
        ? TcpClient.welcomed(server.tcpPort())
        : WebSocketClient.welcomed(server.httpPort());
  }
}
