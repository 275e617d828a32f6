package io.earshot.redis;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports of the loopback for servers that come and go, below those that the system gives to clients.
 * A client that knocks again and again at a port of the system's range, while its server is down,
 * is one day given that very port for its own end, and is then connected to itself.
 */
final class Ports {
  static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  private static final int FIRST = 10_000;
  private static final int END = 32_000;
  private static final int TRIES = 100;

  private Ports() {}

  /** A socket that listens at one of them. */
  static ServerSocket listen() throws IOException {
    for (int i = 1; ; i++) {
      try {
        return new ServerSocket(
            ThreadLocalRandom.current().nextInt(FIRST, END), /* backlog= */ 50, LOOPBACK);
      } catch (BindException e) {
        if (i == TRIES) {
          throw e;
        }
      }
    }
  }

  /** One that nobody listens at just now. */
  static int free() throws IOException {
    try (ServerSocket socket = listen()) {
      return socket.getLocalPort();
    }
  }
}
