package io.earshot.netty.frame;

import static io.earshot.netty.testing.WebSocketClient.DEFLATE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.netty.testing.WebSocketClient.Frame;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compression over real sockets, with and without a channel, and encrypted. */
@ParameterizedClass
@EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES", "EPOLL_TLS_FRAMES"})
final class DeflateTest {
  private static final String LONG = "what is said here is worth to be compressed, ".repeat(10);

  private final Kind kind;
  private EarshotServer server;

  DeflateTest(Kind kind) {
    this.kind = kind;
    this.server = start("batches");
  }

  private EarshotServer start(String compression) {
    return kind.start(
        Config.defaults()
            .with("rooms.announcements", false)
            .with("rooms.historyMessages", 100)
            .with("general.resumeWindow", "30s")
            .with("webSockets.compression", compression));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private WebSocketClient client() {
    return kind.offering(server, DEFLATE).welcome();
  }

  private static String say(String text) {
    return "{\"event\":\"say\",\"message\":\"" + text + "\"}";
  }

  private int status(String extensions) {
    try (WebSocketClient raw = kind.raw(server)) {
      raw.text(WebSocketClient.handshake("/", "Sec-WebSocket-Extensions: " + extensions + "\r\n"));
      return Integer.parseInt(raw.head().split(" ", 3)[1]);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "none, permessage-deflate, ''",
    "batches, permessage-deflate, permessage-deflate; client_no_context_takeover",
    "batches, permessage-deflate; server_no_context_takeover,"
        + " permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "messages, permessage-deflate,"
        + " permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "messages, permessage-deflate; server_max_window_bits=10,"
        + " permessage-deflate; server_no_context_takeover; client_no_context_takeover;"
        + " server_max_window_bits=10",
    "batches, permessage-deflate; unknown, ''"
  })
  void the_response_says_what_was_agreed_on(String setting, String offer, String accepted) {
    server.close();
    server = start(setting);
    try (WebSocketClient client = kind.offering(server, offer)) {
      assertThat(client.extension()).isEqualTo(accepted);
      assertThat(client.welcome().ask(say("hi"))).contains("\"status\":\"OK\"");
    }
  }

  @Test
  void a_malformed_offer_is_refused_where_it_is_read() {
    assertThat(status("permessage-deflate; =")).isEqualTo(400);
    server.close();
    server = start("none");
    assertThat(status("permessage-deflate; =")).isEqualTo(101);
  }

  @ParameterizedTest
  @ValueSource(strings = {"batches", "messages"})
  void messages_from_the_shortest_length_on_are_compressed_both_ways(String setting) {
    server.close();
    server = start(setting);
    try (WebSocketClient alice = client();
        WebSocketClient bob = client();
        WebSocketClient plain = (WebSocketClient) kind.welcomed(server)) {
      bob.compressed = 0;
      for (int i = 0; i < 5; i++) {
        alice.sendCompressed(say(LONG + i));
        assertThat(alice.reply()).contains("\"status\":\"OK\"");
        alice.sendCompressed(say("short"));
        assertThat(alice.reply()).contains("\"status\":\"OK\"");
        alice.send(say("not compressed"));
        assertThat(alice.reply()).contains("\"status\":\"OK\"");
        for (WebSocketClient each : new WebSocketClient[] {bob, plain}) {
          assertThat(each.heard()).contains("\"message\":\"" + LONG + i + "\"");
          assertThat(each.heard()).contains("\"message\":\"short\"");
          assertThat(each.heard()).contains("\"message\":\"not compressed\"");
        }
      }
      assertThat(bob.compressed).isEqualTo(5);
      assertThat(plain.compressed).isZero();
    }
  }

  @Test
  void a_long_answer_is_compressed_and_a_short_one_is_not() {
    try (WebSocketClient alice = client()) {
      for (int i = 0; i < 20; i++) {
        assertThat(alice.ask(say(LONG + i))).contains("\"status\":\"OK\"");
      }
      alice.compressed = 0;
      alice.send("{\"event\":\"history\"}");
      Frame page = Objects.requireNonNull(alice.rawFrame());
      assertThat(page.first()).isEqualTo(WebSocketClient.TEXT | 0x40);
      assertThat(page.payload().length).isLessThan(2_000);
      alice.send("{\"event\":\"paramsView\"}");
      assertThat(Objects.requireNonNull(alice.rawFrame()).first()).isEqualTo(WebSocketClient.TEXT);
    }
  }

  @Test
  void a_resumed_session_receives_what_it_missed_by_the_terms_of_its_new_connection() {
    try (WebSocketClient speaker = client();
        WebSocketClient first = kind.offering(server, DEFLATE)) {
      String welcome = String.valueOf(first.next());
      first.reset();
      for (int i = 1; i <= 5; i++) {
        assertThat(speaker.ask(say(LONG + i))).contains("\"offset\":" + i);
      }
      resume(welcome, "none", 0);
      assertThat(speaker.ask(say(LONG + 6))).contains("\"offset\":6");
      resume(welcome, DEFLATE, 1);
    }
  }

  /** Resumes, reads the messages up to the last, and breaks the connection. */
  private void resume(String welcome, String offer, int after) {
    try (WebSocketClient client = kind.offering(server, offer).welcome()) {
      client.compressed = 0;
      client.send(
          "{\"event\":\"resume\",\"session\":\"%s\",\"after\":{\"defaultRoom\":\"%s:%d\"}}"
              .formatted(value(welcome, "session"), value(welcome, "epoch"), after));
      for (int i = after + 1; i <= after + 5; i++) {
        assertThat(client.heard()).contains("\"message\":\"" + LONG + i + "\"");
      }
      int least = offer.equals(DEFLATE) ? 5 : 0;
      assertThat(client.compressed).as("the answer may be").isBetween(least, least * 6 / 5);
      client.reset();
    }
  }

  private static String value(String json, String key) {
    return json.replaceAll(".*\"" + key + "\":\"([^\"]*)\".*", "$1");
  }

  @Test
  void a_bomb_is_refused_as_a_long_message_is_and_no_other_client_notices() {
    try (WebSocketClient bomber = client();
        WebSocketClient other = client()) {
      bomber.frame(0xC1, bomber.deflated(new byte[20_000_000]));
      Frame close = Objects.requireNonNull(bomber.nextFrame());
      assertThat(close.closeCode()).isEqualTo(1009);
      assertThat(close.text()).endsWith("messages have at most 65536 bytes");
      assertThat(bomber.nextFrame()).isNull();
      assertThat(other.ask(say(LONG))).contains("\"status\":\"OK\"");
    }
  }

  @Test
  void bytes_that_cannot_be_decompressed_end_the_connection() {
    try (WebSocketClient client = client()) {
      client.frame(0xC1, say("hi").getBytes(UTF_8));
      Frame close = Objects.requireNonNull(client.nextFrame());
      assertThat(close.closeCode()).isEqualTo(1007);
      assertThat(close.text()).contains("cannot be decompressed");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0xC9, 0xCA, 0xC8, 0xC0, 0xE1})
  void the_bit_has_a_meaning_on_the_first_frame_of_a_message_only(int first) {
    try (WebSocketClient client = client()) {
      client.frame(first);
      assertThat(client.closeCode()).isEqualTo(1002);
    }
  }

  @Test
  void the_bit_has_no_meaning_without_an_agreement() {
    try (var client = (WebSocketClient) kind.welcomed(server)) {
      client.frame(0xC1, client.deflated(say("hi").getBytes(UTF_8)));
      assertThat(client.closeCode()).isEqualTo(1002);
    }
  }

  @Test
  void the_response_has_the_names_that_the_rfc_gives_them() {
    try (WebSocketClient raw = kind.raw(server)) {
      raw.text(
          WebSocketClient.handshake("/ws", "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
      assertThat(raw.head().toLowerCase(Locale.ROOT))
          .contains(
              "\r\nsec-websocket-extensions: permessage-deflate; client_no_context_takeover\r\n");
    }
  }
}
