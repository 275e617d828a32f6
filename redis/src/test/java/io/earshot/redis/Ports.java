package io.earshot.redis;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Loopback ports for servers of tests, below the range that the system gives to clients. A client
 * that keeps connecting to a port of that range while its server is down may be given the same port
 * for its own end, and is then connected to itself.
 */
final class Ports {
  static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  private static final int FIRST = 10_000;
  private static final int END = 32_000;
  private static final int TRIES = 100;

  private Ports() {}

  /** A socket that listens on a free port. */
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

  /** A port that is free now. */
  static int free() throws IOException {
    try (ServerSocket socket = listen()) {
      return socket.getLocalPort();
    }
  }
}
