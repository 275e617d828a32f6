package io.earshot.netty.frame;

import static io.earshot.netty.testing.WebSocketClient.CLOSE;
import static io.earshot.netty.testing.WebSocketClient.PING;
import static io.earshot.netty.testing.WebSocketClient.PONG;
import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static io.earshot.netty.testing.WebSocketClient.encode;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.RecordingIntake;
import io.earshot.spi.Ending;
import io.earshot.spi.Refusal;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a client sends that agreed to compression. */
final class InflatingDecoderTest {
  private static final int LIMIT = 70_000;
  private static final int COMPRESSED = 0x40;

  private final RecordingIntake taker = new RecordingIntake();
  private final LoopDeflate loop = new LoopDeflate(64, () -> 0);
  private final FrameDecoder decoder = loop.decoder(taker, LIMIT);

  private static byte[] say(String text) {
    return ("{\"event\":\"say\",\"message\":\"" + text + "\"}").getBytes(UTF_8);
  }

  private static byte[] deflated(int level, byte... text) {
    var deflater = new Deflater(level, true);
    deflater.setInput(text);
    byte[] out = new byte[text.length * 9 / 8 + 64];
    int length = deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
    deflater.end();
    return Arrays.copyOf(out, length - 4);
  }

  private static byte[] deflated(byte... text) {
    return deflated(Deflater.DEFAULT_COMPRESSION, text);
  }

  private static byte[] concat(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  @Test
  void messages_are_decoded_whole_wherever_packets_and_frames_are_cut() {
    byte[] text = deflated(say("fä✓😀"));
    byte[] bytes =
        concat(
            encode(TEXT | COMPRESSED, deflated(say("one"))),
            encode(0x01 | COMPRESSED, Arrays.copyOf(text, 9)),
            encode(PING, (byte) 1),
            encode(0x00),
            encode(0x00, Arrays.copyOfRange(text, 9, 20)),
            encode(PONG),
            encode(0x80, Arrays.copyOfRange(text, 20, text.length)),
            encode(TEXT, say("three")),
            encode(0x01, Arrays.copyOf(say("four"), 10)),
            encode(0x80, Arrays.copyOfRange(say("four"), 10, say("four").length)));
    for (int i = 0; i <= bytes.length; i++) {
      for (int j = i; j <= bytes.length; j += 5) {
        var taker = new RecordingIntake();
        taker.feed(loop.decoder(taker, LIMIT), bytes, i, j);
        assertThat(taker.said()).containsExactly("one", "fä✓😀", "three", "four");
        assertThat(taker.ending).isNull();
      }
    }
  }

  static Stream<Arguments> broken() {
    byte[] hi = deflated(say("hi"));
    return Stream.of(
        Arguments.of("RSV2", encode(0xA1, hi), 1002),
        Arguments.of("RSV3", encode(0x91, hi), 1002),
        Arguments.of("RSV1 and RSV2", encode(0xE1, hi), 1002),
        Arguments.of("a compressed ping", encode(PING | COMPRESSED), 1002),
        Arguments.of("a compressed pong", encode(PONG | COMPRESSED), 1002),
        Arguments.of("a compressed close", encode(CLOSE | COMPRESSED), 1002),
        Arguments.of("a compressed reserved opcode", encode(0xC3, hi), 1002),
        Arguments.of(
            "RSV1 on the last fragment",
            concat(encode(0x41, Arrays.copyOf(hi, 5)), encode(0xC0, new byte[3])),
            1002),
        Arguments.of("RSV1 on the last fragment alone", concat(encode(1), encode(0xC0, hi)), 1002),
        Arguments.of("a compressed continuation of nothing", encode(0xC0, hi), 1002),
        Arguments.of("text that is not compressed", encode(0xC1, say("hi")), 1007),
        Arguments.of("a message cut off", encode(0xC1, Arrays.copyOf(hi, hi.length - 1)), 1007),
        Arguments.of("no bytes", encode(0xC1), 1007),
        Arguments.of("the tail is not left out", encode(0xC1, concat(hi, new byte[] {0, 0})), 1007),
        Arguments.of("not UTF-8", encode(0xC1, deflated(new byte[] {'"', (byte) 0xC3, '"'})), 1007),
        Arguments.of("a byte too many", encode(0xC1, deflated(new byte[LIMIT + 1])), 1009),
        Arguments.of("a bomb", encode(0xC1, deflated(new byte[50_000_000])), 1009),
        Arguments.of(
            "a bomb in fragments",
            concat(
                encode(0x41, Arrays.copyOf(deflated(new byte[9_000_000]), 4_000)),
                encode(
                    0x80,
                    Arrays.copyOfRange(
                        deflated(new byte[9_000_000]),
                        4_000,
                        deflated(new byte[9_000_000]).length))),
            1009),
        Arguments.of("too long as it is", encode(0xC1, new byte[LIMIT * 9 / 8 + 65]), 1009),
        Arguments.of("text of too many bytes", encode(TEXT, new byte[LIMIT + 1]), 1009),
        Arguments.of(
            "fragments of too many bytes",
            concat(encode(0x01, new byte[LIMIT]), encode(0x80, new byte[1])),
            1009));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("broken")
  void a_broken_frame_ends_the_connection_with_its_close_code(String what, byte[] bytes, int code) {
    taker.feed(decoder, concat(bytes, encode(0xC1, deflated(say("never heard")))));
    Ending ending = taker.ending;
    assertThat(ending == null ? 0 : ending.code()).isEqualTo(code);
    assertThat(taker.said()).isEmpty();
    assertThat(taker.kept()).isZero();
    assertThat(taker.refused.contains(Refusal.FRAME)).isEqualTo(code == 1009);
  }

  @Test
  void a_text_of_the_greatest_length_may_be_compressed_badly() {
    byte[] random = new byte[LIMIT];
    new Random(1).nextBytes(random);
    for (int i = 0; i < LIMIT; i++) {
      random[i] = (byte) (' ' + (random[i] & 0x3F));
    }
    byte[] most = deflated(Deflater.NO_COMPRESSION, random);
    assertThat(most.length).isGreaterThan(LIMIT);
    taker.feed(decoder, encode(0xC1, most));
    assertThat(taker.ending).isNull();
    assertThat(taker.errors()).hasSize(1);
  }

  @Test
  void the_text_counts_for_the_rate_of_the_client_and_not_only_the_bytes_that_it_sent() {
    byte[] message = deflated(say("x".repeat(60_000)));
    taker.feed(decoder, encode(0xC1, message));
    assertThat(taker.said()).hasSize(1);
    assertThat(taker.received + message.length).isEqualTo(say("x".repeat(60_000)).length);
  }

  @Test
  void binary_messages_are_answered_with_an_error_compressed_or_not() {
    taker.feed(decoder, encode(0xC2, deflated((byte) 1, (byte) 2)));
    taker.feed(decoder, encode(0x82, (byte) 1));
    assertThat(taker.errors()).hasSize(2).allMatch(error -> error.contains("binary"));
    assertThat(taker.ending).isNull();
  }
}
