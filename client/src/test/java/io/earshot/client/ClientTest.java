package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests of the client against a real server, over WebSocket and over TCP. */
@ParameterizedClass
@ValueSource(strings = {"ws", "tcp"})
@Timeout(60)
abstract class ClientTest {
  private final List<AutoCloseable> open = new ArrayList<>();

  @Parameter
  @SuppressWarnings("NullAway.Init")
  String scheme;

  EarshotServer server = started();
  private @Nullable Proxy proxy;

  static EarshotServer started(String... settings) {
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("commonWeb.cookieSecret", "a secret that stays the same after a restart");
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    try {
      return EarshotServer.start(config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
    server.close();
  }

  <T extends AutoCloseable> T opened(T closeable) {
    open.add(closeable);
    return closeable;
  }

  int port() {
    return scheme.equals("ws") ? server.httpPort() : server.tcpPort();
  }

  URI uri(int port) {
    return URI.create(scheme + "://localhost:" + port);
  }

  EarshotClient client() {
    return opened(EarshotClient.connect(uri(port())));
  }

  /** A client that reconnects soon. */
  EarshotClient connected(ClientBuilder builder) {
    return opened(builder.backoff(Duration.ofMillis(20), Duration.ofMillis(200)).connect());
  }

  Proxy proxy() throws IOException {
    if (proxy == null) {
      proxy = opened(new Proxy(port()));
    }
    return proxy;
  }

  /** A client whose connection goes through {@link #proxy}. */
  EarshotClient clientOfProxy() throws IOException {
    return connected(EarshotClient.builder(uri(proxy().port())));
  }

  static BlockingQueue<Event> events(Room room) {
    var all = new LinkedBlockingQueue<Event>();
    room.onEvent(all::add);
    return all;
  }

  static Event next(BlockingQueue<Event> events) throws InterruptedException {
    Event event = events.poll(20, TimeUnit.SECONDS);
    assertThat(event).isNotNull();
    return event;
  }

  /** The texts of the next messages; skips other events. */
  static List<String> texts(BlockingQueue<Event> events, int count) throws InterruptedException {
    var texts = new ArrayList<String>();
    while (texts.size() < count) {
      if (next(events) instanceof Event.Message message) {
        texts.add(message.text());
      }
    }
    return texts;
  }

  static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  static void await(EarshotClient client, State state) {
    await(() -> client.state() == state);
  }

  static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }
}
