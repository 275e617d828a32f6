package io.earshot.netty.frame;

import static io.earshot.netty.testing.WebSocketClient.CLOSE;
import static io.earshot.netty.testing.WebSocketClient.PING;
import static io.earshot.netty.testing.WebSocketClient.PONG;
import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static io.earshot.netty.testing.WebSocketClient.encode;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.RecordingIntake;
import io.earshot.spi.Ending;
import io.earshot.spi.Refusal;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FrameDecoderTest {
  private static final int LIMIT = 70_000;

  private final RecordingIntake taker = new RecordingIntake();
  private final FrameDecoder decoder = new FrameDecoder(taker, LIMIT);

  private static byte[] say(String text) {
    return ("{\"event\":\"say\",\"message\":\"" + text + "\"}").getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] concat(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private int endingCode() {
    Ending ending = taker.ending;
    return ending == null ? 0 : ending.code();
  }

  @Test
  void messages_are_decoded_whole_wherever_packets_and_frames_are_cut() {
    byte[] text = say("fä✓😀");
    byte[] bytes =
        concat(
            encode(TEXT, say("one")),
            encode(0x01, Arrays.copyOfRange(text, 0, 29)), // inside a character
            encode(PING, (byte) 1),
            encode(0x00),
            encode(0x00, Arrays.copyOfRange(text, 29, 33)),
            encode(PONG),
            encode(0x80, Arrays.copyOfRange(text, 33, text.length)),
            encode(TEXT, say("three")));
    for (int i = 0; i <= bytes.length; i++) {
      for (int j = i; j <= bytes.length; j += 3) {
        var taker = new RecordingIntake();
        taker.feed(new FrameDecoder(taker, LIMIT), bytes, i, j);
        assertThat(taker.said()).containsExactly("one", "fä✓😀", "three");
        assertThat(taker.written).singleElement().isEqualTo(new byte[] {(byte) PONG, 1, 1});
        assertThat(taker.received).as("what a ping costs").isEqualTo(1024);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 97, 98, 99, 65_507, 65_508, 65_509, 69_972})
  void each_encoding_of_a_length_is_decoded(int length) {
    String text = "x".repeat(length);
    taker.feed(decoder, encode(TEXT, say(text)));
    assertThat(taker.said()).containsExactly(text);
    assertThat(taker.kept()).isZero();
  }

  static Stream<Arguments> broken() {
    byte[] hi = say("hi");
    return Stream.of(
        Arguments.of("no mask", new byte[] {(byte) TEXT, 0}, 1002),
        Arguments.of("RSV1", encode(0xC1, hi), 1002),
        Arguments.of("RSV2", encode(0xA1, hi), 1002),
        Arguments.of("RSV3", encode(0x91, hi), 1002),
        Arguments.of("reserved data opcode 3", encode(0x83, hi), 1002),
        Arguments.of("reserved data opcode 7", encode(0x87, hi), 1002),
        Arguments.of("reserved control opcode 11", encode(0x8B), 1002),
        Arguments.of("reserved control opcode 15", encode(0x8F), 1002),
        Arguments.of("fragmented ping", encode(0x09), 1002),
        Arguments.of("long ping", encode(PING, new byte[126]), 1002),
        Arguments.of("long close", encode(CLOSE, new byte[126]), 1002),
        Arguments.of("continuation of nothing", encode(0x80, hi), 1002),
        Arguments.of(
            "a message inside a message", concat(encode(0x01, hi), encode(TEXT, hi)), 1002),
        Arguments.of("length 5 in two bytes", new byte[] {(byte) TEXT, (byte) 0xFE, 0, 5}, 1002),
        Arguments.of("length 5 in eight bytes", header(5), 1002),
        Arguments.of("length one over the limit", header(LIMIT + 1), 1009),
        Arguments.of("length 2^31", header(1L << 31), 1009),
        Arguments.of("length 2^63", header(Long.MIN_VALUE), 1009),
        Arguments.of("length 2^64 - 1", header(-1), 1009),
        Arguments.of(
            "fragments over the limit together",
            concat(encode(0x01, new byte[60_000]), encode(0x80, new byte[10_001])),
            1009),
        Arguments.of("not UTF-8", encode(TEXT, (byte) 0xC3, (byte) 0x28), 1007),
        Arguments.of(
            "a surrogate in UTF-8", encode(TEXT, (byte) 0xED, (byte) 0xA0, (byte) 0x80), 1007),
        Arguments.of(
            "not UTF-8 in fragments",
            concat(encode(0x01, (byte) 0xC3), encode(0x00), encode(0x80, (byte) 0x28)),
            1007),
        Arguments.of("close with half a code", encode(CLOSE, (byte) 3), 1002),
        Arguments.of("close 0", close(0, ""), 1002),
        Arguments.of("close 999", close(999, ""), 1002),
        Arguments.of("close 1004", close(1004, ""), 1002),
        Arguments.of("close 1005", close(1005, ""), 1002),
        Arguments.of("close 1006", close(1006, ""), 1002),
        Arguments.of("close 1015", close(1015, ""), 1002),
        Arguments.of("close 2999", close(2999, ""), 1002),
        Arguments.of("close 5000", close(5000, ""), 1002),
        Arguments.of(
            "close reason not UTF-8", encode(CLOSE, (byte) 3, (byte) 0xE8, (byte) 0xFF), 1007),
        Arguments.of("close", encode(CLOSE), Framing.NO_CODE),
        Arguments.of("close 1000", close(1000, "bye"), 1000),
        Arguments.of("close 1013", close(1013, ""), 1013),
        Arguments.of("close 3000", close(3000, ""), 3000),
        Arguments.of("close 4999", close(4999, "ä"), 4999));
  }

  private static byte[] header(long length) {
    return ByteBuffer.allocate(10).put((byte) TEXT).put((byte) 0xFF).putLong(length).array();
  }

  private static byte[] close(int code, String reason) {
    return encode(
        CLOSE,
        concat(
            new byte[] {(byte) (code >>> 8), (byte) code},
            reason.getBytes(StandardCharsets.UTF_8)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("broken")
  void a_broken_frame_ends_the_connection_with_its_close_code(String what, byte[] bytes, int code) {
    taker.feed(decoder, concat(bytes, encode(TEXT, say("never heard"))));
    assertThat(endingCode()).isEqualTo(code);
    assertThat(taker.said()).isEmpty();
    assertThat(taker.kept()).isZero();
  }

  @Test
  void a_length_is_refused_before_memory_is_taken_for_it() {
    taker.feed(decoder, Arrays.copyOf(header(1L << 40), 10));
    assertThat(endingCode()).isEqualTo(1009);
    assertThat(taker.refused).containsExactly(Refusal.FRAME);
  }

  @Test
  void the_number_of_fragments_is_bounded() {
    var decoder = new FrameDecoder(taker, 64 * FrameDecoder.MAX_FRAGMENTS);
    taker.feed(decoder, encode(0x01));
    for (int i = 0; i < FrameDecoder.MAX_FRAGMENTS; i++) {
      taker.feed(decoder, encode(0x00));
    }
    assertThat(endingCode()).isEqualTo(1009);
    assertThat(taker.refused).containsExactly(Refusal.FRAGMENTS);
  }

  @Test
  void the_last_fragment_is_not_counted() {
    var decoder = new FrameDecoder(taker, 64 * FrameDecoder.MAX_FRAGMENTS);
    taker.feed(decoder, encode(0x01, say("hi")));
    for (int i = 1; i < FrameDecoder.MAX_FRAGMENTS; i++) {
      taker.feed(decoder, encode(0x00));
    }
    taker.feed(decoder, encode(0x80));
    assertThat(taker.said()).containsExactly("hi");
    assertThat(taker.ending).isNull();
  }

  @Test
  void binary_messages_and_unknown_texts_are_answered_with_an_error() {
    taker.feed(decoder, encode(0x82, (byte) 1, (byte) 2));
    taker.feed(decoder, encode(TEXT, (byte) '{'));
    taker.feed(decoder, encode(TEXT));
    assertThat(taker.errors()).hasSize(3);
    assertThat(taker.ending).isNull();
  }

  @Test
  void nothing_is_consumed_beyond_the_request_that_made_the_connection_congested() {
    taker.congestAfter = 1;
    byte[] one = encode(TEXT, say("one"));
    taker.feed(decoder, concat(one, encode(TEXT, say("two"))));
    assertThat(taker.said()).containsExactly("one");
    taker.congestAfter = 10;
    taker.feed(decoder);
    assertThat(taker.said()).containsExactly("one", "two");
  }
}
