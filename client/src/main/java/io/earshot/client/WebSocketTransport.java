package io.earshot.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A transport of text frames over WebSocket.
 *
 * <p>Thread-safe: the HTTP client calls the listener's methods one at a time; the chain of sends is
 * guarded by a lock.
 */
final class WebSocketTransport implements Transport, WebSocket.Listener {

  /** How long connecting and the handshake may take. */
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** Shared by all clients: its one selector thread serves any number of connections. */
  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .connectTimeout(TIMEOUT)
          .build();

  private final Receiver receiver;
  private final StringBuilder partial = new StringBuilder();
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Whether the server has hasPong the last ping. */
  private final AtomicBoolean hasPong = new AtomicBoolean(true);

  private final Object lock = new Object();
  private volatile @Nullable WebSocket socket;
  private CompletableFuture<?> sent = CompletableFuture.completedFuture(null);

  private WebSocketTransport(Receiver receiver) {
    this.receiver = receiver;
  }

  static CompletionStage<WebSocketTransport> open(URI uri, Receiver receiver) {
    String text = uri.toString();
    URI address = text.startsWith("http") ? URI.create("ws" + text.substring(4)) : uri;
    if (address.getPath().isEmpty()) {
      address = address.resolve("/");
    }
    var transport = new WebSocketTransport(receiver);
    return HTTP.newWebSocketBuilder()
        .connectTimeout(TIMEOUT)
        .buildAsync(address, transport)
        .thenApply(_ -> transport);
  }

  @Override
  public void onOpen(WebSocket opened) {
    socket = opened;
    opened.request(1);
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    if (last && partial.isEmpty()) {
      receiver.received(data.toString());
    } else {
      partial.append(data);
      if (last) {
        String whole = partial.toString();
        partial.setLength(0);
        receiver.received(whole);
      }
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    end(reason.isEmpty() ? "the server closed the WebSocket with code " + code : reason);
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    end(String.valueOf(error.getMessage()));
  }

  private void end(String reason) {
    if (ended.compareAndSet(false, true)) {
      receiver.ended(reason);
    }
  }

  @Override
  public void send(String text) {
    then(to -> to.sendText(text, true));
  }

  @Override
  public void ping() {
    WebSocket to = socket;
    if (to != null && !hasPong.getAndSet(false)) {
      to.abort();
      end("the server did not answer a ping");
      return;
    }
    then(live -> live.sendPing(ByteBuffer.allocate(0)));
  }

  @Override
  public @Nullable CompletionStage<?> onPong(WebSocket from, ByteBuffer message) {
    hasPong.set(true);
    from.request(1);
    return null;
  }

  @Override
  public void close() {
    WebSocket to = socket;
    then(from -> from.sendClose(WebSocket.NORMAL_CLOSURE, ""));
    if (to != null) {
      CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS).execute(to::abort);
    }
  }

  private interface Step {
    CompletableFuture<WebSocket> on(WebSocket to);
  }

  private void then(Step step) {
    WebSocket to = socket;
    if (to == null) {
      return;
    }
    synchronized (lock) {
      sent = sent.thenCompose(_ -> step.on(to));
      var _ =
          sent.exceptionally(
              failure -> {
                to.abort();
                end(String.valueOf(failure.getMessage()));
                return null;
              });
    }
  }
}
