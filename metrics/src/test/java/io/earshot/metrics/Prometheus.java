package io.earshot.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.netty.testing.NodeProgram;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A Prometheus as a process, with an API over HTTP.
 *
 * <p>Owned by the test's thread.
 */
final class Prometheus implements AutoCloseable {
  private final HttpClient client = HttpClient.newHttpClient();
  private final Process process;
  private final Path log;
  private final int port = freePort();
  private final Thread hook;

  /** Starts Prometheus with these settings, in a folder for all that it writes. */
  Prometheus(Path folder, String settings) throws IOException {
    assumeInstalled();
    log = folder.resolve("prometheus.log");
    Path file = Files.writeString(folder.resolve("prometheus.yml"), settings);
    process =
        new ProcessBuilder(
                "prometheus",
                "--config.file=" + file,
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    hook = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  static void assumeInstalled() {
    assumeTrue(NodeProgram.find("prometheus").isPresent(), "needs prometheus");
    assumeTrue(NodeProgram.find("promtool").isPresent(), "needs prometheus");
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs promtool with an input, and asserts that it finds no fault. */
  static void promtool(String input, String... command) throws IOException, InterruptedException {
    assumeInstalled();
    var all = new ArrayList<>(List.of("promtool"));
    all.addAll(List.of(command));
    Process tool = new ProcessBuilder(all).redirectErrorStream(true).start();
    try (var in = tool.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(tool.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(tool.exitValue()).as(said).isZero();
  }

  /** The results of a query, now: a list of series, each with its labels and its value. */
  List<Json> query(String expression) {
    String text = URLEncoder.encode(expression, StandardCharsets.UTF_8);
    Json.Obj answer = get("/api/v1/query?query=" + text);
    assertThat(answer.get("status")).as(expression + ": " + answer).isEqualTo(Json.of("success"));
    return ((Json.Array) ((Json.Obj) answer.get("data")).get("result")).items();
  }

  Json.Obj get(String path) {
    try {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
              .timeout(Duration.ofSeconds(20))
              .build();
      return (Json.Obj) Json.parse(client.send(request, BodyHandlers.ofString()).body());
    } catch (ConnectException e) {
      assertThat(process.isAlive()).as("%s", said()).isTrue();
      return new Json.Obj(Map.of());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException | MalformedJsonException e) {
      throw new IllegalStateException(e);
    }
  }

  private String said() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until all targets have been scraped a number of times more. */
  void awaitScrapes(int targets, int more) {
    Await.until(
        "an answer of Prometheus: " + log,
        () -> get("/api/v1/status/runtimeinfo").get("status") != null);
    long before = scrapes();
    Await.until(
        "scrapes: " + log,
        () -> query("sum_over_time(up[5m]) >= " + (before + more)).size() == targets);
  }

  /** The scrapes that succeeded of the target that has the most. */
  private long scrapes() {
    return query("max(sum_over_time(up[5m]))").stream()
        .map(series -> (Json.Array) ((Json.Obj) series).get("value"))
        .mapToLong(value -> Long.parseLong(((Json.Text) value.items().get(1)).value()))
        .findFirst()
        .orElse(0);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().removeShutdownHook(hook);
    client.close();
  }
}
