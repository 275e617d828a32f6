package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Servers with a webhook are killed (SIGKILL) under load: each message that was answered OK
 * arrives.
 */
class WebhookKillTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<String> ROOMS = List.of("attic", "cellar", "den");
  private static final Pattern EVENT =
      Pattern.compile(
          "\\{\"id\":\"([^\"]+)\",\"type\":\"message\",\"room\":\"(\\w+)\",\"at\":\\d+,"
              + "\"data\":\\{\"message\":\"([^\"]+)\"");

  @TempDir Path folder;

  /** The texts that were answered OK. */
  private final Set<String> answered = ConcurrentHashMap.newKeySet();

  private final Semaphore said = new Semaphore(0);
  private final Queue<String> faults = new ConcurrentLinkedQueue<>();

  /** The texts that arrived, by the id of the event. */
  private final Map<String, String> arrived = new ConcurrentHashMap<>();

  /** The texts of each speaker in each room, as they arrived first. */
  private final Map<String, List<Integer>> order = new HashMap<>();

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Program> programs = new ArrayList<>();
  private HttpServer receiver;

  /** The speakers are to stop. */
  private volatile boolean isOver;

  @BeforeEach
  void listen() throws IOException {
    receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    var _ = receiver.createContext("/", this::receive);
    receiver.setExecutor(threads);
    receiver.start();
  }

  @AfterEach
  void close() {
    programs.forEach(Program::close);
    receiver.stop(0);
    threads.shutdownNow();
  }

  private void receive(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      for (Matcher event = EVENT.matcher(body); event.find(); ) {
        take(event.group(1), event.group(2), event.group(3));
      }
      exchange.sendResponseHeaders(204, -1);
    }
  }

  private synchronized void take(String id, String room, String text) {
    String before = arrived.putIfAbsent(id, text);
    if (before == null) {
      String[] parts = text.split("-", 2);
      order
          .computeIfAbsent(room + " " + parts[0], _ -> new ArrayList<>())
          .add(Integer.parseInt(parts[1]));
    } else if (!before.equals(text)) {
      faults.add(id + " is " + before + " and " + text);
    }
  }

  private Program earshot(String... settings) throws IOException {
    var command = new ArrayList<>(Program.server());
    command.addAll(List.of("--tcp", "0", "--http", "0"));
    var all = new ArrayList<>(List.of(settings));
    all.addAll(
        List.of(
            "general.eventLoops=2",
            "rooms.announcements=false",
            "limits.messagesPerSecond=0",
            "backEnds.privateAddresses=127.0.0.1",
            "webhooks.rules=message * http://127.0.0.1:"
                + receiver.getAddress().getPort()
                + "/ timeout=2s"));
    for (String setting : all) {
      command.add("--set");
      command.add(setting);
    }
    Path own = Files.createTempDirectory(folder, "server");
    Program program = new Program(own, Map.of(), command);
    programs.add(program);
    return program;
  }

  private static int port(Program program) throws InterruptedException {
    var banner = new StringBuilder();
    while (!banner.toString().contains("Ctrl-C")) {
      banner.append(program.line(PATIENCE)).append('\n');
    }
    Matcher port = Pattern.compile("nc localhost (\\d+)").matcher(banner);
    assertThat(port.find()).as("a port in %s", banner).isTrue();
    return Integer.parseInt(port.group(1));
  }

  /** Says texts in each room, as long as the server answers. */
  private List<Thread> speakers(int port, String name) {
    var speakers = new ArrayList<Thread>();
    for (String room : ROOMS) {
      speakers.add(Thread.startVirtualThread(() -> speak(port, room, name + room)));
    }
    return speakers;
  }

  private void speak(int port, String room, String name) {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      socket.getOutputStream().write(("roomChange " + room + "\n").getBytes(UTF_8));
      for (String line = in.readLine(); !line.contains("\"response\""); line = in.readLine()) {}
      for (int i = 0; !isOver; i += 20) {
        var says = new StringBuilder();
        for (int each = i; each < i + 20; each++) {
          says.append("say ").append(name).append('-').append(each).append('\n');
        }
        socket.getOutputStream().write(says.toString().getBytes(UTF_8));
        for (int each = i; each < i + 20; ) {
          String line = in.readLine();
          if (line == null) {
            return;
          }
          if (line.contains("\"context\":\"response\"")) {
            if (line.contains("\"status\":\"OK\"")) {
              answered.add(name + "-" + each);
              said.release();
            }
            each++;
          }
        }
      }
    } catch (IOException | NullPointerException e) {
      // The server was killed.
    }
  }

  private void kill(Program program, List<Thread> speakers) throws InterruptedException {
    program.kill();
    program.status(PATIENCE);
    for (Thread speaker : speakers) {
      assertThat(speaker.join(PATIENCE)).isTrue();
    }
  }

  private void assertAllArrive() {
    Await.until(
        () -> {
          var missing = new HashSet<>(answered);
          missing.removeAll(arrived.values());
          return missing.size()
              + " of "
              + answered.size()
              + ", such as "
              + missing.stream().findFirst();
        },
        PATIENCE,
        () -> new HashSet<>(arrived.values()).containsAll(answered));
    assertThat(faults).isEmpty();
    synchronized (this) {
      order.forEach((speaker, numbers) -> assertThat(numbers).as(speaker).isSorted());
    }
    assertThat(arrived.values()).doesNotHaveDuplicates();
  }

  private void awaitSaid(int count) throws InterruptedException {
    assertThat(said.tryAcquire(count, PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    said.drainPermits();
  }

  @Test
  void events_of_a_server_that_was_killed_are_sent_after_its_restart() throws Exception {
    String feed = "feed.folder=" + folder.resolve("feed");
    Program program = earshot(feed);
    List<Thread> speakers = speakers(port(program), "one");
    awaitSaid(2_000);
    kill(program, speakers);
    int _ = port(earshot(feed));
    assertAllArrive();
  }

  @Test
  void events_of_a_server_of_a_cluster_that_was_killed_are_sent_by_another() throws Exception {
    try (var redis = new RedisServer()) {
      String[] settings = {"redis.url=" + redis.url(), "redis.lease=2s", "redis.timeout=500ms"};
      Program one = earshot(settings);
      Program two = earshot(settings);
      List<Thread> first = speakers(port(one), "one");
      List<Thread> second = speakers(port(two), "two");
      awaitSaid(2_000);
      kill(one, first);
      awaitSaid(2_000);
      isOver = true;
      for (Thread speaker : second) {
        assertThat(speaker.join(PATIENCE)).isTrue();
      }
      assertAllArrive();
    }
  }
}
