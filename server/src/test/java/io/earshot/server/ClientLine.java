package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** One connection to a server, over TCP or WebSocket, that sends and receives JSON texts. */
interface ClientLine extends AutoCloseable {
  /** Sends one text; called by one thread at a time. */
  void send(String json) throws IOException;

  @Override
  void close();

  /** Receives what arrives, on a thread of the connection. */
  interface Receiver {
    void text(String json);

    void end();
  }

  /** Connects over TCP. */
  static ClientLine tcp(Peer to, Receiver receiver) {
    try {
      return new TcpLine(new Socket(InetAddress.getLoopbackAddress(), to.tcpPort()), receiver);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Connects over WebSocket. */
  static ClientLine webSocket(Peer to, Receiver receiver) {
    URI uri = URI.create("ws://127.0.0.1:" + to.httpPort() + "/");
    return new WebSocketLine(
        WebSocketLine.HTTP.newWebSocketBuilder().buildAsync(uri, new Frames(receiver)).join());
  }

  /**
   * Lines over TCP.
   *
   * <p>Thread-safe: a socket, which one thread reads.
   */
  final class TcpLine implements ClientLine {
    private final Socket socket;
    private final Receiver receiver;

    private TcpLine(Socket socket, Receiver receiver) throws IOException {
      this.socket = socket;
      this.receiver = receiver;
      socket.setTcpNoDelay(true);
      Thread.startVirtualThread(this::read);
    }

    private void read() {
      try (var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8))) {
        for (String text = in.readLine(); text != null; text = in.readLine()) {
          receiver.text(text);
        }
      } catch (IOException e) {
        // The connection was cut; end() tells the receiver.
      }
      receiver.end();
    }

    @Override
    public void send(String json) throws IOException {
      socket.getOutputStream().write((json + "\r\n").getBytes(UTF_8));
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Frames over WebSocket.
   *
   * <p>Owned by the thread that sends.
   */
  final class WebSocketLine implements ClientLine {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private final WebSocket socket;
    private CompletableFuture<WebSocket> sent;

    private WebSocketLine(WebSocket socket) {
      this.socket = socket;
      this.sent = CompletableFuture.completedFuture(socket);
    }

    @Override
    public void send(String json) {
      sent = sent.thenCompose(ready -> ready.sendText(json, true));
    }

    @Override
    public void close() {
      socket.abort();
    }
  }

  /**
   * Joins the parts of frames.
   *
   * <p>Owned by the WebSocket, which calls it by one thread at a time.
   */
  final class Frames implements WebSocket.Listener {
    private final Receiver receiver;
    private final StringBuilder part = new StringBuilder();

    private Frames(Receiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public @Nullable CompletionStage<?> onText(
        WebSocket socket, CharSequence data, boolean isLast) {
      part.append(data);
      if (isLast) {
        receiver.text(part.toString());
        part.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
      receiver.end();
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      receiver.end();
    }
  }
}
