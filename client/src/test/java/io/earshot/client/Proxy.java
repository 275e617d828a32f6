package io.earshot.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A TCP proxy in front of a server, which drops connections or answers on demand.
 *
 * <p>Thread-safe: virtual threads copy the bytes.
 */
final class Proxy implements Closeable {
  private final ServerSocket listening;
  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();
  private volatile int target;
  private volatile boolean isUp = true;

  /** Whether bytes from the server are dropped, so that answers are lost. */
  private volatile boolean dropsAnswers;

  Proxy(int target) throws IOException {
    this.target = target;
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    var _ = Thread.startVirtualThread(this::accept);
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
        if (isUp) {
          open.add(client);
          Socket server = connected(client);
          open.add(server);
          var _ = Thread.startVirtualThread(() -> pass(client, server, false));
          var _ = Thread.startVirtualThread(() -> pass(server, client, true));
        } else {
          client.close();
        }
      } catch (IOException e) {
        // The proxy is closed, or the server is not up: the client notices.
      }
    }
  }

  private Socket connected(Socket client) throws IOException {
    try {
      return new Socket(InetAddress.getLoopbackAddress(), target);
    } catch (IOException e) {
      client.close();
      throw e;
    }
  }

  private void pass(Socket from, Socket to, boolean isFromServer) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      byte[] bytes = new byte[8192];
      for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
        if (!(isFromServer && dropsAnswers)) {
          to.getOutputStream().write(bytes, 0, length);
        }
      }
    } catch (IOException e) {
      // The connection was cut.
    }
  }

  /** Drops what the server sends from now on, until {@link #cut}. */
  void loseAnswers() {
    dropsAnswers = true;
  }

  /** Resets all connections, and refuses new ones until {@link #restore}. */
  void cut() throws IOException {
    isUp = false;
    for (Socket socket = open.poll(); socket != null; socket = open.poll()) {
      try {
        socket.setSoLinger(true, 0);
      } catch (SocketException e) {
        // The end of a copy has closed it.
      }
      socket.close();
    }
    dropsAnswers = false; // only now: before, an answer could still get through
  }

  void restore() {
    isUp = true;
  }

  @Override
  public void close() throws IOException {
    cut();
    listening.close();
  }
}
