package io.earshot.backend.hook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.backend.http.Signature;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.NodeProgram;
import io.earshot.netty.testing.TcpClient;
import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The moderators of examples/backends decide for two servers of a cluster. */
final class ModerationExamplesTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("earshot.root", ".."), "examples", "backends");
  private static final String SECRET = "whsec_" + "b".repeat(43) + "=";

  /** A moderator in some language. */
  private enum Moderator {
    PYTHON("python3", "moderate.py"),
    PHP("php", "moderate.php");

    private final String program;
    private final String file;

    Moderator(String program, String file) {
      this.program = program;
      this.file = file;
    }

    List<String> command(int port) {
      return this == PYTHON
          ? List.of(program, file, String.valueOf(port))
          : List.of(program, "-S", "127.0.0.1:" + port, file);
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Process start(Moderator moderator, int port) throws IOException {
    var builder =
        new ProcessBuilder(moderator.command(port))
            .directory(FOLDER.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("EARSHOT_SECRET", SECRET);
    Process process = builder.start();
    Await.until(
        "the moderator listens",
        () -> {
          try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
          } catch (IOException e) {
            return false;
          }
        });
    return process;
  }

  @ParameterizedTest
  @EnumSource
  void a_moderator_of_twenty_lines_works_over_two_servers(Moderator moderator) throws Exception {
    assumeTrue(NodeProgram.find(moderator.program).isPresent(), "needs " + moderator.program);
    assertThat(Files.readAllLines(FOLDER.resolve(moderator.file))).hasSizeLessThanOrEqualTo(20);
    int port = freePort();
    Process process = start(moderator, port);
    try (var redis = new RedisServer()) {
      Config config =
          Config.defaults()
              .with("redis.url", redis.url())
              .with("redis.lease", "40s")
              .with("redis.timeout", "20s")
              .with("rooms.announcements", false)
              .with("hooks.timeout", "30s")
              .with("hooks.http", List.of("say lobby* http://127.0.0.1:" + port + "/ timeout=20s"))
              .with("backEnds.secrets", SECRET)
              .with("backEnds.privateAddresses", "127.0.0.1");
      try (EarshotServer one = Kind.LEAN_LINES.start(config);
          EarshotServer two = Kind.LEAN_LINES.start(config);
          Client ada = TcpClient.welcomed(one.tcpPort());
          Client bob = TcpClient.welcomed(two.tcpPort())) {
        ada.ask("roomChange lobby");
        bob.ask("roomChange lobby");
        seeModeration(ada, bob);
        seeModeration(bob, ada);
      }
      seeThatOnlyTheServerIsAnswered(port);
    } finally {
      process.destroy();
      process.waitFor();
    }
  }

  private static void seeModeration(Client speaker, Client hearer) {
    assertThat(speaker.ask("say look at http://spam.example"))
        .contains("Error: only texts, and no links");
    assertThat(speaker.ask("{\"event\":\"say\",\"message\":[1]}"))
        .contains("Error: only texts, and no links");
    assertThat(speaker.ask("say darn rain — ünd 雨")).contains("\"status\":\"OK\"");
    assertThat(hearer.heard()).contains("\"message\":\"**** rain — ünd 雨\"");
  }

  private static void seeThatOnlyTheServerIsAnswered(int port) {
    String body = "{\"event\":\"say\",\"message\":\"hello\"}";
    long now = Instant.now().getEpochSecond();
    String signature = new Signature(List.of(SECRET)).of("id", now, body.getBytes(UTF_8));
    assertThat(status(port, body, "id", now, signature)).isEqualTo(200);
    assertThat(status(port, body, "id", now, "v1,AAAA v0 " + signature)).isEqualTo(200);
    assertThat(status(port, body.replace("hello", "other"), "id", now, signature)).isEqualTo(401);
    assertThat(status(port, body, "id2", now, signature)).isEqualTo(401);
    assertThat(status(port, body, "id", now, "")).isEqualTo(401);
    for (long late : List.of(now - 310, now + 310)) { // recorded, and sent again
      String then = new Signature(List.of(SECRET)).of("id", late, body.getBytes(UTF_8));
      assertThat(status(port, body, "id", late, then)).isEqualTo(401);
      assertThat(status(port, body, "id", now, then)).isEqualTo(401);
    }
    String other =
        new Signature(List.of("whsec_" + "c".repeat(32))).of("id", now, body.getBytes(UTF_8));
    assertThat(status(port, body, "id", now, other)).isEqualTo(401);
  }

  private static int status(int port, String body, String id, long seconds, String signature) {
    try (var client =
        new HttpClient(
            port,
            false,
            "webhook-id: " + id,
            "webhook-timestamp: " + seconds,
            "webhook-signature: " + signature)) {
      client.sendRequest("POST", "/", body, "Content-Type: application/json", "Connection: close");
      var head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int b = client.read();
        assertThat(b).as("the stream ends in the head: " + head).isNotNegative();
        head.append((char) b);
      }
      return Integer.parseInt(head.substring(9, 12));
    }
  }
}
