package io.earshot.netty.frame;

import static io.earshot.netty.testing.WebSocketClient.CLOSE;
import static io.earshot.netty.testing.WebSocketClient.PING;
import static io.earshot.netty.testing.WebSocketClient.PONG;
import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.netty.testing.WebSocketClient.Frame;
import io.earshot.testing.Await;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** WebSocket and its handshake over real sockets. */
@ParameterizedClass
@EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES"})
final class FramesTest {
  private final Kind kind;
  private final EarshotServer server;
  private final WebSocketClient client;

  FramesTest(Kind kind) {
    this.kind = kind;
    this.server = kind.start(Config.defaults());
    this.client = WebSocketClient.welcomed(server.httpPort());
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private String respond(String request) {
    try (WebSocketClient raw = WebSocketClient.raw(server.httpPort())) {
      raw.text(request);
      return raw.head();
    }
  }

  @Test
  void a_message_id_comes_back_with_the_answer() {
    assertThat(client.ask("{\"event\":\"roomView\",\"messageId\":\"a1\"}"))
        .endsWith("\"messageCount\":1,\"messageId\":\"a1\"}");
    assertThat(client.ask("{\"event\":\"fly\",\"messageId\":7}"))
        .contains("\"error\":")
        .endsWith("\"messageId\":7}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello",
        "1",
        "null",
        "[]",
        "{}",
        "\u0000",
        "{\"event\":{}}",
        "{\"event\":\"toString\"}"
      })
  void an_unknown_frame_is_answered_with_an_error_and_the_connection_lives(String text) {
    assertThat(client.ask(text)).contains("\"error\":\"Error: ", "\"messageCount\":1");
    assertThat(client.ask("{\"event\":\"roomView\"}")).contains("OK");
  }

  @Test
  void a_binary_frame_is_answered_and_the_connection_lives() {
    client.frame(0x82, (byte) 1, (byte) 0xFF);
    assertThat(client.reply()).contains("binary frames are not understood");
    assertThat(client.ask("{\"event\":\"roomView\"}")).contains("OK");
  }

  @Test
  void a_frame_that_claims_2_to_the_63_bytes_ends_its_connection_at_the_header() {
    try (WebSocketClient other = WebSocketClient.welcomed(server.httpPort())) {
      client.bytes(
          ByteBuffer.allocate(10)
              .put((byte) TEXT)
              .put((byte) 0xFF)
              .putLong(Long.MIN_VALUE)
              .array());
      assertThat(client.closeCode()).isEqualTo(1009);
      Await.until(
          "it has left",
          () -> other.ask("{\"event\":\"roomView\"}").contains("\"membersCount\":1"));
    }
  }

  @Test
  void an_unmasked_frame_ends_its_connection() {
    client.bytes((byte) TEXT, (byte) 2, (byte) '{', (byte) '}');
    assertThat(client.closeCode()).isEqualTo(1002);
  }

  @Test
  void a_ping_is_answered_with_its_payload() {
    client.frame(PING, "abc".getBytes(StandardCharsets.UTF_8));
    Frame pong = client.nextFrame();
    assertThat(pong).isNotNull();
    assertThat(pong.first()).isEqualTo(PONG);
    assertThat(pong.text()).isEqualTo("abc");
  }

  @Test
  void a_close_is_answered_with_its_code() {
    client.frame(CLOSE, (byte) 0x0B, (byte) 0xB8);
    assertThat(client.closeCode()).isEqualTo(3000);
  }

  @Test
  void quit_is_answered_with_a_last_message_and_a_close_frame() {
    assertThat(client.ask("{\"event\":\"quit\"}")).contains("Bye!");
    assertThat(client.closeCode()).isEqualTo(1000);
  }

  @Test
  void a_silent_client_is_pinged_and_disconnected_if_it_does_not_answer() {
    Config config =
        Config.defaults()
            .with("webSockets.pingInterval", "1s")
            .with("webSockets.idleTimeout", "3s");
    try (EarshotServer strict = kind.start(config);
        WebSocketClient dead = WebSocketClient.welcomed(strict.httpPort());
        WebSocketClient alive = WebSocketClient.welcomed(strict.httpPort())) {
      boolean cut = false;
      for (int pings = 0; !cut; pings++) {
        assertThat(pings).isLessThan(10);
        Frame ping = alive.nextFrame();
        while (ping != null && ping.first() != PING) {
          ping = alive.nextFrame();
        }
        alive.frame(PONG);
        cut = strict.api().connections().size() == 1;
      }
      assertThat(dead.closeCode()).isEqualTo(1001);
      assertThat(alive.ask("{\"event\":\"roomView\"}")).contains("\"membersCount\":1");
    }
  }

  @Test
  void frames_that_come_with_the_handshake_are_not_lost() {
    try (WebSocketClient eager = WebSocketClient.raw(server.httpPort())) {
      byte[] handshake = WebSocketClient.handshake("/ws").getBytes(StandardCharsets.US_ASCII);
      byte[] frame =
          WebSocketClient.encode(TEXT, "{\"event\":\"roomView\"}".getBytes(StandardCharsets.UTF_8));
      eager.bytes(
          ByteBuffer.allocate(handshake.length + frame.length).put(handshake).put(frame).array());
      assertThat(eager.head()).contains(" 101 ");
      assertThat(eager.next()).contains("\"welcome\"");
      assertThat(eager.reply()).contains("\"roomStatus\"");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "http://localhost:8080, 403",
    "http://evil.example, 403",
    "null, 403",
    "http://localhost, 101",
    "https://localhost, 101"
  })
  void pages_of_other_origins_may_not_connect(String origin, int status) {
    assertThat(respond(WebSocketClient.handshake("/", "Origin: " + origin + "\r\n")))
        .startsWith("HTTP/1.1 " + status);
  }

  @Test
  void pages_of_allowed_origins_may_connect() {
    Config config =
        Config.defaults().with("webSockets.allowedOrigins", "https://a.example, https://b.example");
    try (EarshotServer open = kind.start(config);
        WebSocketClient raw = WebSocketClient.raw(open.httpPort())) {
      raw.text(WebSocketClient.handshake("/", "Origin: https://b.example\r\n"));
      assertThat(raw.head()).contains(" 101 ");
    }
  }

  @Test
  void an_invalid_handshake_is_refused_with_the_reason() {
    String good = WebSocketClient.handshake("/");
    assertThat(respond(good.replace("Version: 13", "Version: 8")))
        .contains(" 426 ", "sec-websocket-version: 13");
    assertThat(respond(good.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"))).contains(" 400 ");
    assertThat(respond(good.replace("Connection: Upgrade", "Connection: close"))).contains(" 400 ");
    assertThat(respond(good.replace("GET", "POST"))).contains(" 400 ");
    assertThat(respond(good.replace("GET / ", "GET /elsewhere "))).contains(" 404 ");
    assertThat(respond("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n")).contains(" 426 ");
  }

  @Test
  void the_page_is_served_with_a_policy_that_allows_no_other_sources() {
    assertThat(respond("GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n"))
        .contains(" 200 ", "text/html", "content-security-policy: default-src 'none'", "nosniff");
    assertThat(respond("HEAD /public/page.js HTTP/1.1\r\nHost: x\r\n\r\n"))
        .contains(" 200 ", "text/javascript");
    assertThat(respond("DELETE /public/page.js HTTP/1.1\r\nHost: x\r\n\r\n")).contains(" 405 ");
  }

  @Test
  void malformed_or_too_large_http_is_refused() {
    assertThat(respond("nonsense\r\n\r\n")).contains(" 400 ");
    assertThat(respond("GET /" + "x".repeat(10_000) + " HTTP/1.1\r\n\r\n")).contains(" 414 ");
    assertThat(respond("GET / HTTP/1.1\r\nX: " + "x".repeat(20_000) + "\r\n\r\n"))
        .contains(" 431 ");
    assertThat(respond("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"))
        .contains(" 413 ");
  }

  @Test
  void a_request_that_is_sent_slowly_has_one_deadline() {
    Config config = Config.defaults().with("httpServer.requestTimeout", "1s");
    try (EarshotServer strict = kind.start(config);
        WebSocketClient slow = WebSocketClient.raw(strict.httpPort())) {
      slow.text("GET / HTTP/1.1\r\nHost:");
      assertThat(slow.read()).isEqualTo(-1);
    }
  }

  @Test
  void the_welcome_has_the_limits_of_its_transport() {
    Config config =
        ServerAndClients.with(
            Config.defaults(),
            "webSockets.maxMessageLength=3000",
            "tcpServer.maxLineLength=2000",
            "limits.rooms=7",
            "limits.messagesPerSecond=0",
            "limits.signalsPerSecond=9");
    try (EarshotServer limited = kind.start(config);
        var socket = WebSocketClient.open(limited.httpPort(), null);
        var lines = new TcpClient(limited.tcpPort());
        StreamClient stream =
            StreamClient.open(limited.httpPort(), "/rooms/attic", StreamClient.EVENTS)) {
      String limits =
          "\"limits\":{\"messageBytes\":%d,\"roomNameLength\":256,\"rooms\":7,\"signalsPerSecond\":9}}";
      assertThat(socket.next()).endsWith(String.format(limits, 3000));
      assertThat(lines.next()).endsWith(String.format(limits, 2000));
      assertThat(stream.next()).endsWith(String.format(limits, 3000));
    }
  }

  @Test
  void a_message_that_is_too_long_costs_the_connection_and_not_the_membership() {
    Config config = Config.defaults().with("general.resumeWindow", "30s");
    try (EarshotServer kept = kind.start(config);
        WebSocketClient witness = WebSocketClient.welcomed(kept.httpPort());
        var client = WebSocketClient.open(kept.httpPort(), null)) {
      assertThat(witness.ask("{\"event\":\"roomChange\",\"room\":\"attic\"}")).contains("OK");
      String welcome = String.valueOf(client.next());
      String session = welcome.replaceAll(".*\"session\":\"([^\"]*)\".*", "$1");
      assertThat(client.ask("{\"event\":\"roomChange\",\"room\":\"attic\"}")).contains("OK");
      assertThat(witness.heard()).contains("I have entered the room");
      String id = client.id();
      client.frame(WebSocketClient.TEXT, new byte[(64 << 10) + 1]);
      WebSocketClient.Frame close = Objects.requireNonNull(client.nextFrame());
      assertThat(close.closeCode()).isEqualTo(1009);
      assertThat(close.text()).endsWith("messages have at most 65536 bytes");
      assertThat(client.nextFrame()).isNull();
      try (WebSocketClient again = WebSocketClient.welcomed(kept.httpPort())) {
        assertThat(again.ask("{\"event\":\"resume\",\"session\":\"" + session + "\"}"))
            .contains("OK", id);
        assertThat(again.ask("{\"event\":\"say\",\"message\":\"back\"}")).contains("OK");
        assertThat(witness.heard()).contains("\"back\"", id);
      }
    }
  }
}
