package io.earshot.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A link to a server that breaks when it is told to.
 *
 * <p>Thread-safe: threads of its own pass bytes on.
 */
final class Proxy implements Closeable {
  private final ServerSocket door;
  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();
  private volatile int target;
  private volatile boolean isUp = true;

  /** Whether what the server says is dropped, so that answers are lost. */
  private volatile boolean isDeaf;

  Proxy(int target) throws IOException {
    this.target = target;
    door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    var _ = Thread.startVirtualThread(this::accept);
  }

  int port() {
    return door.getLocalPort();
  }

  /** From now on leads somewhere else. */
  void lead(int port) {
    target = port;
  }

  private void accept() {
    while (!door.isClosed()) {
      try {
        Socket client = door.accept();
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
        // The door is closed, or nobody is there: the client finds out.
      }
    }
  }

  private Socket connected(Socket client) throws IOException {
    try {
      return new Socket(InetAddress.getLoopbackAddress(), target);
    } catch (IOException e) {
      client.close(); // nobody is there
      throw e;
    }
  }

  private void pass(Socket from, Socket to, boolean isFromServer) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      byte[] bytes = new byte[8192];
      for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
        if (!(isFromServer && isDeaf)) {
          to.getOutputStream().write(bytes, 0, length);
        }
      }
    } catch (IOException e) {
      // It was cut.
    }
  }

  /** Loses what the server says from now on, until it is cut. */
  void loseAnswers() {
    isDeaf = true;
  }

  /** Breaks all that goes through it, and lets nobody through. */
  void cut() throws IOException {
    isUp = false;
    for (Socket socket = open.poll(); socket != null; socket = open.poll()) {
      if (!socket.isClosed()) {
        socket.setSoLinger(true, 0);
      }
      socket.close();
    }
    isDeaf = false; // only now, or an answer gets through just before
  }

  void mend() {
    isUp = true;
  }

  @Override
  public void close() throws IOException {
    cut();
    door.close();
  }
}
