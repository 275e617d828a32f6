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
 * A line over WebSocket.
 *
 * <p>What comes in is called by the HTTP client's threads, one at a time; what goes out is a chain,
 * under its lock.
 */
final class WebSocketLine implements Line, WebSocket.Listener {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** One for all: its one thread of its own serves any number of connections. */
  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .connectTimeout(PATIENCE)
          .build();

  private final Ear ear;
  private final StringBuilder partial = new StringBuilder();
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicBoolean answered = new AtomicBoolean(true);
  private final Object lock = new Object();
  private volatile @Nullable WebSocket socket;
  private CompletableFuture<?> sent = CompletableFuture.completedFuture(null);

  private WebSocketLine(Ear ear) {
    this.ear = ear;
  }

  static CompletionStage<WebSocketLine> open(URI uri, Ear ear) {
    String text = uri.toString();
    URI address = text.startsWith("http") ? URI.create("ws" + text.substring(4)) : uri;
    if (address.getPath().isEmpty()) {
      address = address.resolve("/");
    }
    var line = new WebSocketLine(ear);
    return HTTP.newWebSocketBuilder()
        .connectTimeout(PATIENCE)
        .buildAsync(address, line)
        .thenApply(_ -> line);
  }

  @Override
  public void onOpen(WebSocket opened) {
    socket = opened;
    opened.request(1);
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    if (last && partial.isEmpty()) {
      ear.heard(data.toString());
    } else {
      partial.append(data);
      if (last) {
        String whole = partial.toString();
        partial.setLength(0);
        ear.heard(whole);
      }
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    end(reason.isEmpty() ? "closed with " + code : reason);
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    end(String.valueOf(error.getMessage()));
  }

  private void end(String why) {
    if (ended.compareAndSet(false, true)) {
      ear.ended(why);
    }
  }

  @Override
  public void send(String text) {
    then(to -> to.sendText(text, true));
  }

  @Override
  public void ping() {
    WebSocket to = socket;
    if (to != null && !answered.getAndSet(false)) {
      to.abort();
      end("the server gives no sign of life");
      return;
    }
    then(live -> live.sendPing(ByteBuffer.allocate(0)));
  }

  @Override
  public @Nullable CompletionStage<?> onPong(WebSocket from, ByteBuffer message) {
    answered.set(true);
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
