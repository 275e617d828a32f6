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
 * A line over TCP.
 *
 * <p>Two virtual threads own it: one reads, one writes what is in the queue.
 */
final class TcpLine implements Line {
  private static final int PATIENCE = 10_000;
  private static final int DEFAULT_PORT = 5000;

  /** After so many seconds of silence the system asks for a sign of life. */
  private static final int SILENCE = 30;

  /** What ends the queue. */
  private static final String END = new String("");

  private final Ear ear;
  private final Socket socket;
  private final BlockingQueue<String> queue = new LinkedBlockingQueue<>();

  private TcpLine(Ear ear, Socket socket) {
    this.ear = ear;
    this.socket = socket;
  }

  static CompletionStage<TcpLine> open(URI uri, Ear ear) {
    var opened = new CompletableFuture<TcpLine>();
    var _ =
        Thread.startVirtualThread(
            () -> {
              TcpLine line;
              try {
                line = new TcpLine(ear, connected(uri));
              } catch (IOException | RuntimeException e) {
                opened.completeExceptionally(e);
                return;
              }
              opened.complete(line);
              var _ = Thread.startVirtualThread(line::write);
              line.read();
            });
    return opened;
  }

  private static Socket connected(URI uri) throws IOException {
    int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
    var plain = new Socket();
    try {
      plain.connect(new InetSocketAddress(uri.getHost(), port), PATIENCE);
      plain.setTcpNoDelay(true);
      plain.setKeepAlive(true);
      if (plain.supportedOptions().contains(ExtendedSocketOptions.TCP_KEEPIDLE)) {
        plain.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, SILENCE);
        plain.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, SILENCE / 3);
        plain.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 3);
      }
      if (!uri.getScheme().equals("tcps")) {
        return plain;
      }
      var factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
      var secure = (SSLSocket) factory.createSocket(plain, uri.getHost(), port, true);
      SSLParameters parameters = secure.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm(
          "HTTPS"); // the certificate has to be the host's
      secure.setSSLParameters(parameters);
      secure.setSoTimeout(PATIENCE);
      secure.startHandshake();
      secure.setSoTimeout(0);
      return secure;
    } catch (IOException | RuntimeException e) {
      plain.close();
      throw e;
    }
  }

  private void read() {
    String why = "the server has closed the connection";
    try (var in =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        ear.heard(text);
      }
    } catch (IOException e) {
      why = String.valueOf(e.getMessage());
    }
    queue.add(END);
    ear.ended(why);
  }

  private void write() {
    try {
      OutputStream out = socket.getOutputStream();
      for (String text = queue.take(); text != END; text = queue.take()) {
        out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
      }
      socket.close();
    } catch (IOException e) {
      // Whoever reads finds out, too, and says so.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void send(String text) {
    queue.add(text);
  }

  @Override
  public void ping() {
    // The system does.
  }

  @Override
  public void close() {
    queue.add(END);
  }
}
