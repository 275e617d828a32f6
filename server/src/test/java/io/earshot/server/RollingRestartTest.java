package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two servers behind HAProxy are restarted one after the other while people talk, and no client
 * misses a message, receives one twice, or receives two in another order. By hand with more
 * clients: {@code -Dearshot.rolling=CLIENTS,SECONDS}, the seconds in which one server is emptied.
 */
@Tag("soak") // server/soak runs it
@Timeout(600)
final class RollingRestartTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int PER_ROOM = 10;

  private final int clients;
  private final int seconds;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<RollingClient> here = new ArrayList<>();
  private final int[] said;
  @TempDir Path folder;

  RollingRestartTest() {
    String[] wanted = System.getProperty("earshot.rolling", "60,1").split(",", -1);
    clients = Integer.parseInt(wanted[0]);
    seconds = Integer.parseInt(wanted[1]);
    said = new int[clients / PER_ROOM];
  }

  @AfterEach
  void stop() throws Exception {
    here.forEach(RollingClient::close);
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private <T extends AutoCloseable> T with(T resource) {
    open.add(resource);
    return resource;
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private Peer start(String id, RedisServer redis, int port) throws Exception {
    return with(
        Peer.at(
            id,
            redis.url(),
            "httpServer.port=" + port,
            "httpServer.trustedProxies=127.0.0.1",
            "rooms.announcements=false",
            "general.reconnectSpread=200ms",
            "general.drainDelay=1s",
            "general.drainTime=" + seconds + "s"));
  }

  private int proxy(int... servers) throws Exception {
    int port = freePort();
    var config = new StringBuilder();
    config
        .append("global\n  maxconn 9000\n")
        .append("defaults\n  mode http\n  timeout connect 5s\n  timeout client 90s\n")
        .append("  timeout server 90s\n  timeout check 2s\n  option redispatch\n  retries 3\n")
        .append("frontend web\n  bind 127.0.0.1:" + port + "\n  default_backend earshot\n")
        .append("backend earshot\n  balance leastconn\n  option httpchk GET /readyz\n")
        .append("  default-server check inter 200ms fall 2 rise 1\n");
    for (int server : servers) {
      config.append("  server s" + server + " 127.0.0.1:" + server + "\n");
    }
    Path file = Files.writeString(folder.resolve(port + ".cfg"), config);
    var proxy =
        with(new Program(folder, Map.of(), List.of(haproxy(), "-db", "-f", file.toString())));
    Await.until(
        () -> "HAProxy: " + proxy.err(),
        Duration.ofSeconds(20),
        () -> {
          try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
          } catch (IOException e) {
            return false;
          }
        });
    return port;
  }

  /**
   * The program, which Debian installs where only root looks for programs; empty if there is none.
   */
  private static String haproxy() {
    return List.of((System.getenv("PATH") + ":/usr/sbin").split(":", -1)).stream()
        .map(each -> Path.of(each, "haproxy"))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Path::toString)
        .orElse("");
  }

  @Test
  void two_servers_are_restarted_one_after_the_other_and_nobody_misses_anything() throws Exception {
    assumeFalse(haproxy().isEmpty(), "needs haproxy");
    var redis = with(new RedisServer());
    int[] ports = {freePort(), freePort()};
    Peer a = start("a", redis, ports[0]).connected();
    Peer b = start("b", redis, ports[1]).connected();
    int half = proxy(ports);
    int otherHalf = clients > 4_000 ? proxy(ports) : half; // each connection takes two descriptors
    for (int i = 0; i < clients; i++) {
      here.add(new RollingClient(i % 2 == 0 ? half : otherHalf, "den" + i / PER_ROOM));
    }
    Await.until(
        () -> here.stream().filter(each -> !each.isIn()).count() + " clients to come in",
        PATIENCE,
        () -> here.stream().allMatch(RollingClient::isIn));
    var stopped = new CountDownLatch(1);
    var failures = new AtomicInteger();
    Thread speaker = Thread.startVirtualThread(() -> speak(half, stopped, failures));
    restart(a, redis, ports[0]);
    restart(b, redis, ports[1]);
    stopped.countDown();
    assertThat(speaker.join(PATIENCE)).isTrue();
    Await.until(
        () -> here.stream().filter(each -> !hasAll(each)).toList() + " to receive all",
        PATIENCE,
        () -> here.stream().allMatch(this::hasAll));
    assertThat(here.stream().map(RollingClient::faults).filter(each -> !each.isEmpty())).isEmpty();
    int reconnects = here.stream().mapToInt(RollingClient::reconnects).sum();
    assertThat(reconnects).isBetween(clients, 2 * clients);
    System.out.printf(
        "%d clients, %d reconnects, at most %d in one second, %d messages, %d says repeated%n",
        clients,
        reconnects,
        RollingClient.mostGoodbyesInASecond(here),
        IntStream.of(said).sum(),
        failures.get());
  }

  private boolean hasAll(RollingClient client) {
    return client.heard() == said[here.indexOf(client) / PER_ROOM];
  }

  private void restart(Peer server, RedisServer redis, int port) throws Exception {
    server.terminate();
    assertThat(server.status(PATIENCE.plusSeconds(seconds))).isZero();
    Peer again = start(server.id() + "2", redis, port).connected();
    Await.until(
        again + " to be ready",
        () -> {
          try (var http = HttpClient.newHttpClient()) {
            return http.send(request(port, "/readyz").build(), BodyHandlers.discarding())
                    .statusCode()
                == 200;
          }
        });
  }

  private static HttpRequest.Builder request(int port, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .timeout(Duration.ofSeconds(5));
  }

  /** Says the next number in one room after the other, each until it is said. */
  private void speak(int port, CountDownLatch stopped, AtomicInteger failures) {
    try (var http = HttpClient.newHttpClient()) {
      for (int i = 0; !stopped.await(clients > 1_000 ? 4 : 10, TimeUnit.MILLISECONDS); i++) {
        int room = i % said.length;
        int number = said[room] + 1;
        HttpRequest say =
            request(port, "/rooms/den" + room + "/messages")
                .header("content-type", "text/plain")
                .header(
                    "idempotency-key", "the-speaker-of-the-rolling-restart-" + room + "-" + number)
                .POST(HttpRequest.BodyPublishers.ofString("" + number, UTF_8))
                .build();
        while (!isSaid(http, say)) {
          failures.incrementAndGet();
        }
        said[room] = number;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isSaid(HttpClient http, HttpRequest say) throws InterruptedException {
    try {
      return http.send(say, BodyHandlers.discarding()).statusCode() / 100 == 2;
    } catch (IOException e) {
      return false; // the server has stopped meanwhile
    }
  }
}
