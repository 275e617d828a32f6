package io.earshot.bench.load;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Passes on what a server sends in pieces of a few bytes, so that reads divide it anywhere.
 *
 * <p>Thread-safe: two threads for each connection, one for each direction.
 */
final class DividingProxy implements AutoCloseable {
  private static final int PIECE = 7;

  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final int server;

  DividingProxy(int server) throws IOException {
    this.server = server;
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        var behind = new Socket(InetAddress.getLoopbackAddress(), server);
        client.setTcpNoDelay(true);
        sockets.addAll(List.of(client, behind));
        Thread.ofVirtual().start(() -> pass(client, behind, Integer.MAX_VALUE));
        Thread.ofVirtual().start(() -> pass(behind, client, PIECE));
      }
    } catch (IOException _) {
      // closed by the test
    }
  }

  private static void pass(Socket from, Socket to, int most) {
    byte[] bytes = new byte[Math.min(most, 1 << 14)];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
        out.write(bytes, 0, length);
      }
      to.shutdownOutput();
    } catch (IOException _) {
      // closed by one of them
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
