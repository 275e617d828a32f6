package io.earshot.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A client whose server is a socket of the test. Over TCP: the JDK closes a WebSocket that is not
 * open yet.
 */
final class ConnectingTest {
  private static final String AWAY =
      "\"error\":\"Error: another server of the cluster does not answer; try again in 5 ms\"";

  @Test
  void interrupting_the_thread_that_connects_closes_the_connection() throws Exception {
    try (var listening = new ServerSocket(0)) {
      var failure = new CompletableFuture<Throwable>();
      Thread connecting =
          Thread.startVirtualThread(
              () -> {
                try {
                  URI server = URI.create("tcp://localhost:" + listening.getLocalPort());
                  EarshotClient.connect(server).close();
                } catch (EarshotException e) {
                  failure.complete(e);
                }
              });
      try (Socket accepted = listening.accept()) {
        accepted.setSoTimeout(20_000);
        accepted.getOutputStream().write("{\"context\":\"api\",\"room\":\"r\"}\n".getBytes(UTF_8));
        var lines = new BufferedReader(new InputStreamReader(accepted.getInputStream(), UTF_8));
        assertThat(lines.readLine())
            .contains("detailsView"); // the last request before the client is connected
        connecting.interrupt();
        assertThat(failure.get(20, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
        assertThat(lines.readAllLines()).containsExactly("{\"event\":\"quit\"}");
      }
    }
  }

  @Test
  void a_message_that_is_longer_than_the_server_takes_is_not_sent() throws Exception {
    try (var listening = new ServerSocket(0)) {
      URI server = URI.create("tcp://localhost:" + listening.getLocalPort());
      var connecting = EarshotClient.builder(server).connectAsync().toCompletableFuture();
      try (Socket accepted = listening.accept()) {
        accepted.setSoTimeout(20_000);
        var lines = new BufferedReader(new InputStreamReader(accepted.getInputStream(), UTF_8));
        // Whatever is no object is skipped.
        send(accepted, "null\n5\n[]\n\"x\"\n{\n");
        send(accepted, "{\"context\":\"api\",\"room\":\"r\",\"limits\":{\"messageBytes\":200}}\n");
        answer(accepted, lines.readLine(), "\"data\":{\"id\":\"me\"}");
        try (EarshotClient client = connecting.get(20, TimeUnit.SECONDS)) {
          var tooLong = client.home().sayAsync("ü".repeat(100)).toCompletableFuture();
          var said = client.home().sayAsync("u".repeat(100)).toCompletableFuture();
          answer(accepted, lines.readLine(), "\"epoch\":\"e\",\"offset\":7");
          assertThat(said.get(20, TimeUnit.SECONDS).offset()).isEqualTo(7);
          assertThatThrownBy(() -> tooLong.get(20, TimeUnit.SECONDS))
              .hasMessageContaining("at most 200 bytes");
          var joined = client.joinAsync("attic").toCompletableFuture();
          answer(accepted, lines.readLine(), "\"room\":\"cellar\",\"epoch\":\"e\",\"offset\":1");
          assertThatThrownBy(() -> joined.get(20, TimeUnit.SECONDS))
              .hasMessageContaining("into cellar");
        }
      }
    }
  }

  @Test
  void a_resume_that_the_server_cannot_answer_yet_is_repeated_on_the_same_connection()
      throws Exception {
    try (var listening = new ServerSocket(0);
        EarshotClient client = clientWithSession(listening, Duration.ofSeconds(20));
        Socket back = welcomed(listening, "s2")) {
      var lines = lines(back);
      for (int tries = 1; tries <= 2; tries++) {
        String resume = lines.readLine();
        assertThat(resume).contains("\"resume\"", "\"s1\"");
        answer(back, resume, AWAY);
      }
      String resume = lines.readLine();
      assertThat(resume).contains("\"resume\"", "\"s1\"");
      answer(back, resume, "\"session\":\"s3\",\"id\":\"me again\",\"rooms\":[]");
      assertThat(lines.readLine()).contains("\"roomChange\"", "\"r\"");
      assertThat(client.id()).isEqualTo("me again");
    }
  }

  @Test
  void a_resume_that_the_server_does_not_answer_in_time_is_given_up() throws Exception {
    try (var listening = new ServerSocket(0);
        EarshotClient _ = clientWithSession(listening, Duration.ofMillis(200));
        Socket back = welcomed(listening, "s2")) {
      var lines = lines(back);
      String line = lines.readLine();
      assertThat(line).contains("\"resume\"", "\"s1\"");
      while (line.contains("\"resume\"")) {
        answer(back, line, AWAY);
        line = lines.readLine();
      }
      assertThat(line).contains("detailsView");
      assertThat(lines.readLine()).contains("\"roomChange\"", "\"r\"");
    }
  }

  @Test
  void the_end_of_an_earlier_connection_of_the_client_is_no_event_and_leaves_the_list()
      throws Exception {
    try (var listening = new ServerSocket(0);
        EarshotClient client = clientWithSession(listening, Duration.ofSeconds(20));
        Socket back = welcomed(listening, "s2")) {
      var lines = lines(back);
      refuse(back, lines.readLine()); // to resume
      answer(back, lines.readLine(), "\"data\":{\"id\":\"me again\"}");
      answer(back, lines.readLine(), "\"room\":\"r\",\"epoch\":\"e\",\"offset\":5");
      var events = new LinkedBlockingQueue<Event>();
      client.home().onEvent(events::add);
      var present = client.home().presentAsync().toCompletableFuture();
      answer(
          back,
          lines.readLine(),
          "\"roomStatus\":{\"members\":[\"me\",\"me again\"],\"epoch\":\"e\",\"offset\":5}");
      var now = new Present("me again", null);
      assertThat(present.get(20, TimeUnit.SECONDS)).containsExactly(new Present("me", null), now);
      for (String fields :
          List.of("\"from\":\"me\",\"type\":\"leave\"", "\"from\":\"bob\",\"type\":\"join\"")) {
        String at = ",\"epoch\":\"e\",\"offset\":" + (fields.contains("bob") ? 7 : 6);
        send(back, "{\"context\":\"user\",\"room\":\"r\",\"message\":\"\"," + fields + at + "}\n");
      }
      assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(new Event.Joined("bob", null));
      assertThat(client.home().present()).containsExactly(now, new Present("bob", null));
    }
  }

  private static void refuse(Socket to, String request) throws IOException {
    answer(to, request, "\"error\":\"Error: there is no such session (any more)\"");
  }

  /** A client that was connected once, with the session s1, and has lost the connection. */
  private static EarshotClient clientWithSession(ServerSocket listening, Duration patience)
      throws Exception {
    URI server = URI.create("tcp://localhost:" + listening.getLocalPort());
    var connecting =
        EarshotClient.builder(server)
            .patience(patience)
            .backoff(Duration.ofMillis(1), Duration.ofMillis(1))
            .connectAsync()
            .toCompletableFuture();
    try (Socket first = welcomed(listening, "s1")) {
      answer(first, lines(first).readLine(), "\"data\":{\"id\":\"me\"}");
      return connecting.get(20, TimeUnit.SECONDS);
    }
  }

  private static Socket welcomed(ServerSocket listening, String session) throws IOException {
    Socket accepted = listening.accept();
    accepted.setSoTimeout(20_000);
    send(accepted, "{\"context\":\"api\",\"room\":\"r\",\"session\":\"" + session + "\"}\n");
    return accepted;
  }

  private static BufferedReader lines(Socket of) throws IOException {
    return new BufferedReader(new InputStreamReader(of.getInputStream(), UTF_8));
  }

  private static void send(Socket to, String text) throws IOException {
    to.getOutputStream().write(text.getBytes(UTF_8));
  }

  private static void answer(Socket to, String request, String fields) throws IOException {
    String id = request.replaceFirst(".*\"messageId\":\"([^\"]*)\".*", "$1");
    send(
        to,
        "{\"context\":\"response\",\"status\":\"OK\",\"messageId\":\""
            + id
            + "\","
            + fields
            + "}\n");
  }
}
