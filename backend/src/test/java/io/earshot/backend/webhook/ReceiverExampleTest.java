package io.earshot.backend.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.backend.http.Signature;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The receivers of {@code examples/backends}, with a real server, and with forged requests. */
class ReceiverExampleTest {
  private static final Path EXAMPLES =
      Path.of(System.getProperty("earshot.root", ".."))
          .resolve("examples/backends")
          .toAbsolutePath();
  private static final String SECRET = "whsec_" + "c2VjcmV0".repeat(6);
  private static final String OTHER = "whsec_" + "b3RoZXJz".repeat(6);

  @RegisterExtension final ServerAndClients chat = new ServerAndClients();

  @TempDir Path folder;
  private int port;
  private Process process;

  /** A language: its program, and how to read the events that the receiver has stored. */
  enum Language {
    PYTHON("python3") {
      @Override
      List<String> command(int port) {
        return List.of("python3", EXAMPLES.resolve("webhook.py").toString());
      }

      @Override
      List<String> stored(Path folder) throws IOException, InterruptedException {
        Process dump =
            new ProcessBuilder(
                    "python3",
                    "-IS", // starts sooner
                    "-c",
                    "import sqlite3\n"
                        + "for row in sqlite3.connect('webhook.db').execute("
                        + "'SELECT event FROM events ORDER BY rowid'): print(row[0])")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String text = new String(dump.getInputStream().readAllBytes(), UTF_8);
        assertThat(dump.waitFor()).as(text).isZero();
        return text.lines().toList();
      }
    },
    PHP("php") {
      @Override
      List<String> command(int port) {
        return List.of(
            "php", "-S", "127.0.0.1:" + port, EXAMPLES.resolve("webhook.php").toString());
      }

      @Override
      List<String> stored(Path folder) throws IOException {
        Path events = folder.resolve("webhook.events");
        var stored = new ArrayList<String>();
        if (Files.isDirectory(events)) {
          try (Stream<Path> files = Files.list(events)) {
            for (Path file : files.filter(each -> !each.toString().endsWith(".new")).toList()) {
              stored.add(Files.readString(file));
            }
          }
        }
        return stored;
      }
    };

    private final String program;

    Language(String program) {
      this.program = program;
    }

    abstract List<String> command(int port);

    abstract List<String> stored(Path folder) throws IOException, InterruptedException;

    boolean isThere() {
      return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
          .anyMatch(each -> Files.isExecutable(Path.of(each, program)));
    }
  }

  @BeforeEach
  void choosePort() throws IOException {
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    if (process != null) {
      kill();
    }
  }

  private void kill() throws InterruptedException {
    process.destroyForcibly();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
  }

  private void run(Language language) throws IOException {
    assumeTrue(language.isThere(), "needs " + language.program);
    var builder = new ProcessBuilder(language.command(port)).directory(folder.toFile());
    builder.environment().put("WEBHOOK_SECRET", SECRET);
    builder.environment().put("PORT", Integer.toString(port));
    process =
        builder.redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
    Await.until(
        "the receiver listens",
        () -> {
          if (!process.isAlive()) {
            throw new AssertionError(Files.readString(folder.resolve("log")));
          }
          try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
          } catch (IOException e) {
            return false;
          }
        });
  }

  private List<String> ids(Language language) throws IOException, InterruptedException {
    return language.stored(folder).stream()
        .map(each -> each.replaceAll(".*?\"id\": ?\"([^\"]+)\".*", "$1"))
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void an_example_has_at_most_twenty_lines(Language language) throws IOException {
    String name = "webhook." + (language == Language.PYTHON ? "py" : "php");
    assertThat(Files.readAllLines(EXAMPLES.resolve(name))).hasSizeLessThanOrEqualTo(20);
  }

  @ParameterizedTest
  @EnumSource
  void each_message_is_stored_once_also_when_the_receiver_is_killed_under_load(Language language)
      throws Exception {
    run(language);
    chat.start(
        Kind.LEAN_LINES,
        Config.defaults()
            .with("rooms.announcements", false)
            .with("limits.messagesPerSecond", 0)
            .with("backEnds.privateAddresses", List.of("127.0.0.1"))
            .with("backEnds.secrets", List.of(OTHER, SECRET))
            .with(
                "webhooks.rules",
                List.of("message * http://127.0.0.1:" + port + "/ timeout=2s batch=20")));
    TcpClient alice = chat.lines();
    int count = 400;
    for (int i = 0; i < count; i++) {
      alice.send("say text " + i);
      if (i % 100 == 99) {
        for (int answer = 0; answer < 100; answer++) {
          assertThat(alice.reply()).contains("\"status\":\"OK\"");
        }
      }
      if (i == count / 2) {
        Await.until("some are stored", () -> sent() > 0);
        kill();
        run(language);
      }
    }
    Await.until("all are sent", () -> sent() >= count);
    List<String> stored = language.stored(folder);
    for (int i = 0; i < count; i++) {
      String text = "\"text " + i + "\"";
      assertThat(stored.stream().filter(each -> each.contains(text)).count()).as(text).isOne();
    }
    assertThat(ids(language)).doesNotHaveDuplicates();
  }

  /** How many events the receiver has accepted, with repeats. */
  private long sent() {
    return chat.server().extensions().metrics().stream()
        .filter(each -> each.name().equals("earshot.webhooks.sent"))
        .mapToLong(each -> each.value().getAsLong())
        .sum();
  }

  @ParameterizedTest
  @EnumSource
  void forged_old_and_repeated_requests_store_nothing(Language language) throws Exception {
    run(language);
    byte[] body =
        "{\"events\":[{\"id\":\"a\",\"type\":\"joined\"},{\"id\":\"b\",\"type\":\"left\"}]}"
            .getBytes(UTF_8);
    long now = System.currentTimeMillis() / 1_000;
    String right = new Signature(List.of(OTHER, SECRET)).of("1", now, body);
    assertThat(post("1", now, body, right)).isEqualTo(204);
    assertThat(ids(language)).containsExactlyInAnyOrder("a", "b");
    // A replay within five minutes changes nothing.
    assertThat(post("1", now, body, right)).isEqualTo(204);
    assertThat(ids(language)).containsExactlyInAnyOrder("a", "b");

    byte[] other = "{\"events\":[{\"id\":\"c\",\"type\":\"left\"}]}".getBytes(UTF_8);
    var signature = new Signature(List.of(SECRET));
    for (long seconds : new long[] {now - 400, now + 400}) {
      assertThat(post("2", seconds, other, signature.of("2", seconds, other))).isEqualTo(401);
    }
    assertThat(post("2", now, other, right)).isEqualTo(401);
    assertThat(post("3", now, other, signature.of("2", now, other))).isEqualTo(401);
    assertThat(post("2", now - 1, other, signature.of("2", now, other))).isEqualTo(401);
    assertThat(post("2", now, other, new Signature(List.of(OTHER)).of("2", now, other)))
        .isEqualTo(401);
    for (Map<String, String> headers :
        List.of(
            Map.<String, String>of(),
            Map.of("webhook-id", "2"),
            Map.of("webhook-signature", ""),
            Map.of("webhook-signature", "v1, v1,\u00e9 v2,"))) {
      assertThat(post(headers, other)).isEqualTo(401);
    }
    assertThat(ids(language)).containsExactlyInAnyOrder("a", "b");
    assertThat(post("2", now, other, signature.of("2", now, other))).isEqualTo(204);
    assertThat(ids(language)).contains("c");
  }

  private int post(String id, long seconds, byte[] body, String signature) throws Exception {
    return post(
        Map.of(
            "webhook-id",
            id,
            "webhook-timestamp",
            Long.toString(seconds),
            "webhook-signature",
            signature),
        body);
  }

  private int post(Map<String, String> headers, byte[] body) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
            .timeout(Duration.ofSeconds(20))
            .version(HttpClient.Version.HTTP_1_1)
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    headers.forEach(request::header);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }
}
