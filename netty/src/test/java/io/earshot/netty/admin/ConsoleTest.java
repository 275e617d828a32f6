package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The files of the console, and its stream. */
final class ConsoleTest {
  private static final String KEY = "k".repeat(40);

  private static final EarshotServer SERVER =
      Kind.LEAN_LINES.start(
          Config.defaults()
              .with("rooms.announcements", false)
              .with("admin.requestsPerSecond", 10_000)
              .with("admin.keys", List.of("shop " + KEY)));

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  /** A stream of a console. */
  private static final class Stream implements AutoCloseable {
    final Socket socket;
    final BufferedReader reader;

    Stream(String path) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), SERVER.httpPort());
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write(
              ("GET "
                      + path
                      + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                      + KEY
                      + "\r\n\r\n")
                  .getBytes(StandardCharsets.UTF_8));
      reader =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    /** The data of the next event of this name that contains a text. */
    String await(String event, String text) throws IOException {
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      for (String line = reader.readLine();
          line != null && System.nanoTime() < until;
          line = reader.readLine()) {
        if (line.equals("event: " + event)) {
          String data = reader.readLine();
          if (data != null && data.contains(text)) {
            return data.substring("data: ".length());
          }
        }
      }
      throw new IOException("the stream has ended, or has no event " + event + " with " + text);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static Response get(int port, String path, String... headers) {
    try (var client = new HttpClient(port, false, headers)) {
      return client.get(path);
    }
  }

  @Test
  void the_page_is_three_files_under_a_strict_policy() {
    Response page = get(SERVER.httpPort(), "/console");
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.header("content-security-policy").getFirst())
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .doesNotContain("unsafe");
    assertThat(page.body())
        .contains("console/console.js", "console/console.css")
        .doesNotContain("style=", "onclick=");
    for (String file : List.of("console.js", "charts.js", "console.css")) {
      assertThat(get(SERVER.httpPort(), "/console/" + file).status()).isEqualTo(200);
    }
    assertThat(get(SERVER.httpPort(), "/console/").header("location"))
        .containsExactly("../console");
    assertThat(get(SERVER.httpPort(), "/console/nothing").status()).isEqualTo(404);
  }

  @Test
  void without_keys_the_path_says_how_to_turn_the_console_on() {
    try (EarshotServer off = Kind.LEAN_LINES.start(Config.defaults())) {
      Response page = get(off.httpPort(), "/console");
      assertThat(page.status()).isEqualTo(404);
      assertThat(page.body()).contains("The console is off", "admin.keys");
      assertThat(get(off.httpPort(), "/console/console.js").body()).doesNotContain("off");
    }
  }

  @Test
  void the_stream_has_the_state_the_samples_and_the_messages_of_a_room() throws Exception {
    try (TcpClient alice = TcpClient.welcomed(SERVER.tcpPort())) {
      alice.ask("roomChange attic");
      alice.ask("say before");
      try (var stream = new Stream("/admin/stream?room=attic")) {
        stream.await("message", "before");
        assertThat(stream.await("history", "")).contains("\"everySeconds\":5");
        alice.ask("say after");
        stream.await("message", "after");
        assertThat(stream.await("room", "\"members\":1")).contains("\"room\":\"attic\"");
        stream.await("overview", "\"problems\":[");
      }
    }
  }

  @Test
  void a_stream_needs_a_key_and_a_page_of_another_origin_gets_none() {
    int port = SERVER.httpPort();
    assertThat(get(port, "/admin/stream").status()).isEqualTo(401);
    assertThat(get(port, "/admin/stream", "Authorization: Bearer " + "x".repeat(40)).status())
        .isEqualTo(401);
    assertThat(
            get(
                    port,
                    "/admin/stream",
                    "Authorization: Bearer " + KEY,
                    "Origin: https://evil.example")
                .status())
        .isEqualTo(403);
    assertThat(get(port, "/admin/stream?room=a%0Ab", "Authorization: Bearer " + KEY).status())
        .isEqualTo(400);
  }

  @Test
  void fifty_consoles_are_fed_at_once_and_more_than_a_hundred_are_refused() throws Exception {
    var streams = new ArrayList<Stream>();
    try {
      for (int i = 0; i < 50; i++) {
        streams.add(new Stream("/admin/stream"));
      }
      for (Stream each : streams) {
        each.await("overview", "\"uptimeSeconds\":");
      }
      for (int i = 50; i < 100; i++) {
        streams.add(new Stream("/admin/stream"));
        streams.getLast().await("overview", "");
      }
      Response refused = get(SERVER.httpPort(), "/admin/stream", "Authorization: Bearer " + KEY);
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.body()).contains("100 open consoles");
    } finally {
      for (Stream each : streams) {
        each.close();
      }
    }
    Await.until(
        "a console may be opened again",
        () -> {
          try (var stream = new Stream("/admin/stream")) {
            String head = stream.reader.readLine();
            return head != null && head.contains(" 200 ");
          } catch (IOException e) {
            return false;
          }
        });
  }

  @Test
  void the_end_of_a_connection_is_remembered_with_its_reason() throws Exception {
    String id;
    try (TcpClient alice = TcpClient.welcomed(SERVER.tcpPort())) {
      id = alice.id();
      SERVER.api().connection(id).orElseThrow().close("too loud");
      Await.until(
          "it has ended",
          () ->
              get(SERVER.httpPort(), "/admin/closed?id=" + id, "Authorization: Bearer " + KEY)
                  .body()
                  .contains("\"reason\":\"too loud\""));
    }
    assertThat(
            get(SERVER.httpPort(), "/admin/closed?user=nobody", "Authorization: Bearer " + KEY)
                .body())
        .isEqualTo("{\"closed\":[]}");
  }
}
