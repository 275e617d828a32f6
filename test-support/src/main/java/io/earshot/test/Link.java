package io.earshot.test;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A port that passes on connections to a port of a server, and can reset them. It stays the same
 * when the server is started again on another port.
 *
 * <p>Thread-safe: virtual threads copy the bytes.
 */
final class Link implements AutoCloseable {
  private final ServerSocket listening;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile int target;

  Link(int target) {
    this.target = target;
    try {
      listening = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().name("earshot-test-link").start(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  /** Connects to another port from now on. */
  void redirect(int port) {
    target = port;
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        Thread.startVirtualThread(() -> connect(client));
      } catch (IOException e) {
        // The link is closed.
      }
    }
  }

  private void connect(Socket client) {
    try {
      Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      open.add(client);
      open.add(server);
      Thread.startVirtualThread(() -> pass(client, server));
      pass(server, client);
    } catch (IOException e) {
      reset(client); // the server is not up
    }
  }

  private void pass(Socket from, Socket to) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      byte[] bytes = new byte[8192];
      for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
        to.getOutputStream().write(bytes, 0, length);
      }
    } catch (IOException e) {
      // The connection was cut.
    } finally {
      open.remove(from);
      open.remove(to);
    }
  }

  /** Resets all connections, in both directions. New ones are passed on as before. */
  void cut() {
    open.forEach(Link::reset);
  }

  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (SocketException e) {
      // The end of a copy has closed it.
    }
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      listening.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cut();
  }
}
