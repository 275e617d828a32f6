package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The commands that ask a running server. */
class ExplainCommandTest {
  private static final String KEY = "k".repeat(40);
  private static final EarshotServer SERVER = start();

  private static EarshotServer start() {
    try {
      return EarshotServer.start(
          Config.defaults()
              .with("tcpServer.port", 0)
              .with("httpServer.port", 0)
              .with("rooms.announcements", false)
              .with("admin.keys", List.of("ops " + KEY)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private static Run run(String... args) {
    var all = new ArrayList<>(List.of(args));
    all.add(1, "--url");
    all.add(2, "http://127.0.0.1:" + SERVER.httpPort());
    all.add(3, "--key");
    all.add(4, KEY);
    return Run.of(all.toArray(String[]::new));
  }

  /** A client, which waits for its welcome and knows its id. */
  private static final class Client implements AutoCloseable {
    private final Socket socket = new Socket("127.0.0.1", SERVER.tcpPort());
    private final BufferedReader in =
        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));

    Client() throws Exception {
      in.readLine();
    }

    String ask(String line) throws Exception {
      socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
      return in.readLine();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Test
  void explain_prints_the_sentence_and_then_the_events() throws Exception {
    try (var client = new Client()) {
      String id = client.ask("detailsView").replaceAll(".*\"id\":\"([0-9a-f]{32})\".*", "$1");
      client.ask("roomChange attic");
      client.ask("say one");
      Run run = run("explain", "--connection", "attic", "1", id);
      assertThat(run.err()).isEmpty();
      assertThat(run.out())
          .startsWith("Connection " + id + " sent message 1 of attic at ")
          .contains("TIME (UTC)", "subscribed", "joined");
      assertThat(run.status()).isZero();
      assertThat(run("explain", "attic", "nobody").status()).isEqualTo(3);
      assertThat(run("explain", "attic", "99", "u7").out()).startsWith("There is no message 99");
    }
  }

  @Test
  void trace_prints_events_as_they_happen_and_ends() throws Exception {
    var running =
        CompletableFuture.supplyAsync(() -> run("trace", "--room", "cellar", "--seconds", "2"));
    try (var client = new Client()) {
      Await.until(
          "the trace ends",
          () -> {
            try {
              client.ask("roomChange cellar");
              client.ask("roomChange attic");
            } catch (Exception e) {
              throw new AssertionError(e);
            }
            return running.isDone();
          });
      Run run = running.join();
      assertThat(run.status()).isZero();
      assertThat(run.out()).contains("TIME (UTC)", "joined", "cellar", "ended");
    }
  }

  @Test
  void a_wrong_key_a_wrong_url_and_a_wrong_use_are_one_line() {
    String url = "http://127.0.0.1:" + SERVER.httpPort();
    Run wrong = Run.of("explain", "--url", url, "--key", "wrong", "attic", "u7");
    assertThat(wrong.err()).startsWith("earshot: the server answered 401: this is no key");
    assertThat(wrong.status()).isEqualTo(1);
    Run none = Run.of("explain", "--url", url, "attic", "u7");
    assertThat(none.err()).contains("--key SECRET, or EARSHOT_KEY");
    assertThat(none.status()).isEqualTo(2);
    assertThat(run("explain", "attic").err())
        .contains("write it as: ./earshot explain ROOM [OFFSET] USER");
    assertThat(run("explain", "attic", "-1", "u7").status()).isNotZero();
    Run away = Run.of("explain", "--url", "http://127.0.0.1:1", "--key", "k", "attic", "u7");
    assertThat(away.err()).startsWith("earshot: no server answers at http://127.0.0.1:1");
    assertThat(away.status()).isEqualTo(1);
    assertThat(Run.of("explain", "--url", "nonsense", "--key", "k", "attic", "u7").err())
        .contains("--url: write it as http://HOST:PORT");
    assertThat(Run.of("explain", "--help").out()).contains("attic 12 u7", "Exit status");
  }

  @Test
  void top_asks_again_when_it_asked_too_often() throws Exception {
    Config config =
        Config.defaults()
            .with("tcpServer.enabled", false)
            .with("httpServer.port", 0)
            .with("admin.requestsPerSecond", 1)
            .with("admin.keys", List.of("ops " + KEY));
    var out = new StringWriter();
    try (var server = EarshotServer.start(config)) {
      String url = "http://127.0.0.1:" + server.httpPort();
      String[] args = {"top", "--url", url, "--key", KEY, "--every", "1"};
      Thread top =
          Thread.startVirtualThread(
              () -> EarshotCommand.run(Map.of(), new PrintWriter(out), new PrintWriter(out), args));
      Await.until(
          "it is refused twice",
          () -> out.toString().split("asking again every 1 s", -1).length > 2);
      assertThat(out.toString())
          .startsWith("earshot ")
          .contains("the server answered 429: too many requests with this key");
      top.interrupt();
    }
  }

  @Test
  void top_shows_the_state_of_the_server() throws Exception {
    try (var _ = new Client()) {
      Await.until(
          "the client to be seen", () -> run("top", "--once").out().contains("clients   tcp 1 "));
    }
    Run run = run("top", "--once");
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines())
        .anyMatch(line -> line.matches("earshot .*, up [0-9hms]+"))
        .anyMatch(line -> line.matches("messages  [0-9.]+/s  deliveries .* rooms \\d+"))
        .anyMatch(line -> line.matches("latency   (p50 .* ms  p99 .*|nothing timed .*)"))
        .anyMatch(line -> line.matches("loop      lag [0-9.]+ ms .*"))
        .noneMatch(line -> line.contains("\u001b"));
    String room = "long".repeat(50);
    var broken =
        SERVER
            .api()
            .hooks()
            .onSay(
                room,
                _ -> {
                  throw new IllegalStateException("no database");
                });
    try (var client = new Client()) {
      assertThat(client.ask("roomChange " + room)).contains("OK");
      assertThat(client.ask("say hello")).contains("internal error");
      Await.until(
          "the hook is named in full",
          () ->
              run("top", "--once")
                  .out()
                  .contains(
                      room
                          + " fails: 1 call; the last because: java.lang.IllegalStateException: no database (a request"));
    } finally {
      broken.close();
    }
    assertThat(run("top", "--every", "0").err()).contains("--every: from 1 to 3600 seconds");
  }
}
