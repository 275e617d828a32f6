package io.earshot.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
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

  private final Receiver receiver;
  private final StringBuilder partial = new StringBuilder();
  private final AtomicBoolean ended = new AtomicBoolean();

  private final Object lock = new Object();
  private volatile @Nullable WebSocket socket;
  private CompletableFuture<?> sent = CompletableFuture.completedFuture(null);

  private WebSocketTransport(Receiver receiver) {
    this.receiver = receiver;
  }

  /**
   * Makes what opens WebSockets: with one selector thread, for any number of connections.
   *
   * @param tls how to check and show certificates; null for the JDK's own way
   */
  static HttpClient http(@Nullable SSLContext tls) {
    HttpClient.Builder builder =
        HttpClient.newBuilder().executor(Threads.PER_TASK).connectTimeout(TIMEOUT);
    return (tls == null ? builder : builder.sslContext(tls)).build();
  }

  static CompletionStage<WebSocketTransport> open(
      HttpClient http, URI uri, Map<String, String> headers, Receiver receiver) {
    var transport = new WebSocketTransport(receiver);
    WebSocket.Builder builder = http.newWebSocketBuilder().connectTimeout(TIMEOUT);
    headers.forEach(builder::header);
    return builder.buildAsync(uri, transport).thenApply(ignored -> transport);
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
    end(code, reason.isEmpty() ? "the server closed the WebSocket with code " + code : reason);
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    end(0, String.valueOf(error.getMessage()));
  }

  private void end(int code, String reason) {
    if (ended.compareAndSet(false, true)) {
      receiver.ended(code, reason);
    }
  }

  @Override
  public void send(String text) {
    then(to -> to.sendText(text, true));
  }

  @Override
  public void abort() {
    WebSocket to = socket;
    if (to != null) {
      to.abort();
    }
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
      sent = sent.thenCompose(ignored -> step.on(to));
      var unused =
          sent.exceptionally(
              failure -> {
                to.abort();
                end(0, String.valueOf(failure.getMessage()));
                return null;
              });
    }
  }
}
