package io.earshot.backend.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A back end that keeps what it receives, and can be stopped and started on its port.
 *
 * <p>Thread-safe: by its lists; the test's thread stops and starts it.
 */
final class Receiver implements AutoCloseable {
  /** A request; only those that were accepted count as received. */
  record Request(Map<String, List<String>> headers, String body, List<Json.Obj> events) {
    String header(String name) {
      return headers.entrySet().stream()
          .filter(each -> each.getKey().equalsIgnoreCase(name))
          .map(each -> each.getValue().getFirst())
          .findFirst()
          .orElse("");
    }
  }

  final List<Request> requests = new CopyOnWriteArrayList<>();

  /** The status of the answer to a request. */
  volatile ToIntFunction<Request> status = ignored -> 204;

  /** The events that were accepted, in their order, with repeats. */
  private final List<Json.Obj> accepted = new ArrayList<>();

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final int port;
  private @Nullable HttpServer server;

  Receiver() {
    start(0);
    port = server == null ? 0 : server.getAddress().getPort();
  }

  private void start(int at) {
    try {
      HttpServer made =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 0);
      var unused = made.createContext("/", this::take);
      made.setExecutor(threads);
      made.start();
      server = made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String url() {
    return "http://127.0.0.1:" + port + "/events";
  }

  /** Closes its port and all connections, also those with a request under way. */
  void stop() {
    if (server != null) {
      server.stop(0);
      server = null;
    }
  }

  void restart() {
    start(port);
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      var request = new Request(Map.copyOf(exchange.getRequestHeaders()), body, events(body));
      requests.add(request);
      int answer = status.applyAsInt(request);
      if (answer >= 200 && answer <= 299) {
        synchronized (accepted) {
          accepted.addAll(request.events());
        }
      }
      exchange.sendResponseHeaders(answer, -1);
    }
  }

  static List<Json.Obj> events(String body) {
    try {
      Json.Array events = (Json.Array) ((Json.Obj) Json.parse(body)).get("events");
      if (events == null) {
        throw new AssertionError(body);
      }
      return events.items().stream().map(Json.Obj.class::cast).toList();
    } catch (MalformedJsonException e) {
      throw new AssertionError(body, e);
    }
  }

  /** The events that were accepted, in their order, with repeats. */
  List<Json.Obj> accepted() {
    synchronized (accepted) {
      return List.copyOf(accepted);
    }
  }

  /** A field of an event, or of its data. */
  static String field(Json.Obj event, String name) {
    Json value = event.get(name);
    if (value == null && event.get("data") instanceof Json.Obj data) {
      value = data.get(name);
    }
    return value == null ? "" : String.valueOf(value.asText());
  }

  /** The texts of the messages that were accepted, in their order, with repeats. */
  List<String> texts() {
    return accepted().stream().map(event -> field(event, "message")).toList();
  }

  void await(String text) {
    Await.until(
        () -> text + " in " + accepted(), Duration.ofSeconds(20), () -> texts().contains(text));
  }

  @Override
  public void close() {
    stop();
    threads.shutdownNow();
  }
}
