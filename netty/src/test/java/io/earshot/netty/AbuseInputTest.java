package io.earshot.netty;

import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static io.earshot.netty.testing.WebSocketClient.encode;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.frame.FrameDecoder;
import io.earshot.netty.testing.Attacks;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.OnBoth;
import io.earshot.netty.testing.WebSocketClient;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attacks with lines, frames and JSON that are malformed or too large. */
final class AbuseInputTest {
  @RegisterExtension static final Attacks attacks = new Attacks();

  private static byte[] header(long length) {
    return ByteBuffer.allocate(10).put((byte) TEXT).put((byte) 0xFF).putLong(length).array();
  }

  @OnBoth
  void a_text_never_breaks_out_of_its_line_or_frame(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          Client client = attacks.client(kind);
          Client lines = attacks.client(Kind.LEAN_LINES);
          Client frames = attacks.client(Kind.LEAN_FRAMES);
          String fake = "a\\r\\nquit\\r\\n{\\\"context\\\":\\\"api\\\"}\\u0000\\u2028\\u0085b";
          assertThat(client.ask(Attacks.say(fake))).contains("OK");
          for (Client witness : List.of(lines, frames)) {
            assertThat(witness.heard())
                .contains("a\\r\\nquit\\r\\n{\\\"context\\\":\\\"api\\\"}\\u0000")
                .doesNotContain("\r", "\n", "\0");
          }
          for (byte[] bad :
              List.of(
                  new byte[] {(byte) 0xC3, (byte) 0x28},
                  new byte[] {(byte) 0xC0, (byte) 0x80},
                  new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
                  new byte[] {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80})) {
            Client rude = attacks.client(kind);
            var text = new ByteArrayOutputStream();
            text.writeBytes("{\"event\":\"say\",\"message\":\"".getBytes(UTF_8));
            text.writeBytes(bad);
            text.writeBytes("\"}".getBytes(UTF_8));
            if (rude instanceof WebSocketClient frame) {
              frame.frame(TEXT, text.toByteArray());
              assertThat(frame.closeCode()).isEqualTo(1007);
            } else {
              text.write('\n');
              rude.bytes(text.toByteArray());
              assertThat(rude.reply()).contains("not valid UTF-8");
            }
          }
          assertThat(client.ask(Attacks.say("end"))).contains("OK");
          assertThat(lines.heard()).contains("end");
          assertThat(frames.heard()).contains("end");
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES"})
  void a_frame_that_claims_too_great_a_length_is_refused_at_its_header(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          for (long length :
              new long[] {(64 << 10) + 1, 1L << 31, 1L << 32, 1L << 62, Long.MIN_VALUE, -1}) {
            for (WebSocketClient liar :
                attacks.many(10, () -> WebSocketClient.welcomed(server.httpPort()))) {
              liar.bytes(header(length));
              assertThat(liar.closeCode()).isEqualTo(1009);
            }
          }
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES"})
  void the_number_of_fragments_of_a_message_is_bounded(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          var small = new ByteArrayOutputStream();
          small.writeBytes(encode(0x01));
          for (int i = 0; i < FrameDecoder.MAX_FRAGMENTS + 1; i++) {
            small.writeBytes(encode(0x00));
          }
          var large = new ByteArrayOutputStream();
          large.writeBytes(encode(0x01));
          for (int i = 0; i < 9; i++) {
            large.writeBytes(encode(0x00, new byte[8 << 10]));
          }
          for (byte[] flood : List.of(small.toByteArray(), large.toByteArray())) {
            for (WebSocketClient one :
                attacks.many(20, () -> WebSocketClient.welcomed(server.httpPort()))) {
              one.bytes(flood);
              assertThat(one.closeCode()).isEqualTo(1009);
            }
          }
          long before = Attacks.used();
          // Messages that are never finished are kept, up to the length of one message each.
          for (WebSocketClient one :
              attacks.many(100, () -> WebSocketClient.welcomed(server.httpPort()))) {
            one.frame(0x01, new byte[60 << 10]);
          }
          assertThat(Attacks.used() - before).isLessThan(Attacks.MAX_LEFT);
        });
  }

  @Test
  void compressed_input_is_not_inflated() throws Exception {
    var bomb = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bomb)) {
      gzip.write(new byte[32 << 20]);
    }
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          var offers = attacks.opened(WebSocketClient.raw(server.httpPort()));
          offers.text(
              WebSocketClient.handshake("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
          assertThat(offers.head()).contains(" 101 ").doesNotContain("xtensions");
          offers.frame(0xC1, bomb.toByteArray());
          assertThat(offers.closeCode()).isEqualTo(1002);
          for (int i = 0; i < 5; i++) {
            HttpClient curl = attacks.curl();
            curl.text(
                "POST /status HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Content-Encoding: gzip\r\nContent-Length: "
                    + bomb.size()
                    + "\r\n\r\n");
            curl.bytes(bomb.toByteArray());
            assertThat(curl.response().status()).isEqualTo(400);
          }
        });
  }

  @OnBoth
  void json_that_is_deep_or_long_or_has_colliding_keys_is_answered(Kind kind) throws Exception {
    var collisions = new StringBuilder("{");
    for (int i = 0; i < 1 << 11; i++) {
      for (int bit = 0; bit < 11; bit++) {
        collisions.append(bit == 0 ? "\"" : "").append((i >> bit & 1) == 0 ? "Aa" : "BB");
      }
      collisions.append("\":1,");
    }
    String same = collisions.append("\"x\":1}").toString();
    attacks.run(
        kind,
        server -> {
          Client client = attacks.client(kind);
          for (int i = 0; i < 6; i++) {
            for (String text :
                List.of(
                    "[".repeat(60_000),
                    "{\"a\":".repeat(10_000),
                    "{\"event\":\"say\",\"message\":" + "9".repeat(60_000) + "}",
                    "{\"event\":\"say\",\"message\":1e" + "9".repeat(2_000) + "}",
                    "{\"event\":\"say\","
                        + "\"message\":1,".repeat(4_000)
                        + "\"room\":\"nowhere\"}",
                    "{\"action\":\"fly\",\"params\":" + same + "}")) {
              assertThat(client.ask(text)).contains("\"error\":\"Error: ");
            }
            assertThat(
                    attacks
                        .curl()
                        .post("/status", "application/json", "[".repeat(900_000))
                        .status())
                .isEqualTo(400);
            assertThat(attacks.curl().post("/status", "application/json", same).status())
                .isEqualTo(200);
          }
        });
  }
}
