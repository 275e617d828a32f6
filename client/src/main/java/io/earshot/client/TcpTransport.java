package io.earshot.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import jdk.net.ExtendedSocketOptions;

/**
 * A transport of lines over TCP.
 *
 * <p>Thread-safe: two threads own the socket. One reads, the other writes what is queued.
 */
final class TcpTransport implements Transport {

  /** How long connecting and the TLS handshake may take, in milliseconds. */
  private static final int TIMEOUT = 10_000;

  private static final int DEFAULT_PORT = 5000;

  /** After how much silence the operating system probes the connection, in seconds. */
  private static final int KEEP_ALIVE = 30;

  /** Marks the end of the queue; compared by identity. */
  private static final String END = new String("");

  private final Receiver receiver;
  private final Socket socket;
  private final BlockingQueue<String> queue = new LinkedBlockingQueue<>();

  private TcpTransport(Receiver receiver, Socket socket) {
    this.receiver = receiver;
    this.socket = socket;
  }

  static CompletionStage<TcpTransport> open(URI uri, SSLSocketFactory sockets, Receiver receiver) {
    var opened = new CompletableFuture<TcpTransport>();
    Threads.PER_TASK.execute(
        () -> {
          TcpTransport transport;
          try {
            transport = new TcpTransport(receiver, connected(uri, sockets));
          } catch (IOException | RuntimeException e) {
            opened.completeExceptionally(e);
            return;
          }
          opened.complete(transport);
          Threads.PER_TASK.execute(transport::write);
          transport.read();
        });
    return opened;
  }

  private static Socket connected(URI uri, SSLSocketFactory sockets) throws IOException {
    int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
    var plain = new Socket();
    try {
      plain.connect(new InetSocketAddress(uri.getHost(), port), TIMEOUT);
      plain.setTcpNoDelay(true);
      plain.setKeepAlive(true);
      if (plain.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE)) {
        plain.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, KEEP_ALIVE);
        plain.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, KEEP_ALIVE / 3);
        plain.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 3);
      }
      if (!uri.getScheme().equals("tcps")) {
        return plain;
      }
      var secure = (SSLSocket) sockets.createSocket(plain, uri.getHost(), port, true);
      SSLParameters parameters = secure.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS"); // checks the certificate's host
      secure.setSSLParameters(parameters);
      secure.setSoTimeout(TIMEOUT);
      secure.startHandshake();
      secure.setSoTimeout(0);
      return secure;
    } catch (IOException | RuntimeException e) {
      plain.close();
      throw e;
    }
  }

  private void read() {
    String reason = "the server has closed the connection";
    try (var in =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        receiver.received(text);
      }
    } catch (IOException e) {
      reason = String.valueOf(e.getMessage());
    }
    queue.add(END);
    receiver.ended(0, reason);
  }

  private void write() {
    try {
      OutputStream out = socket.getOutputStream();
      for (String text = queue.take(); text != END; text = queue.take()) {
        out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
      }
      socket.close();
    } catch (IOException e) {
      // The reading thread fails as well, and reports it.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void send(String text) {
    queue.add(text);
  }

  @Override
  public void abort() {
    try {
      queue.add(END);
      socket.close();
    } catch (IOException e) {
      // It is closed all the same.
    }
  }

  @Override
  public void close() {
    queue.add(END);
  }
}
