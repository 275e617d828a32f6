package io.earshot.netty.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.RecordingIntake;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LineDecoderTest {
  private final RecordingIntake taker = new RecordingIntake();
  private final LineDecoder decoder = new LineDecoder(taker, 100);

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void each_kind_of_line_end_ends_a_line_wherever_packets_are_cut() {
    byte[] bytes = utf8("say a\nsay bcd\r\nsay e\rsay fä✓😀\n\r\n\r\rsay g\r\nsay h\n");
    for (int i = 0; i <= bytes.length; i++) {
      for (int j = i; j <= bytes.length; j++) {
        var taker = new RecordingIntake();
        taker.feed(new LineDecoder(taker, 100), bytes, i, j);
        assertThat(taker.said()).containsExactly("a", "bcd", "e", "fä✓😀", "g", "h");
      }
    }
  }

  @Test
  void lines_are_decoded_the_same_byte_by_byte_and_at_once() {
    byte[] bytes = utf8("say one\r\nsay two\r\n");
    for (byte b : bytes) {
      taker.feed(decoder, b);
    }
    assertThat(taker.said()).containsExactly("one", "two");
  }

  @Test
  void a_line_that_is_too_long_is_answered_once_and_the_next_is_decoded() {
    for (int i = 0; i < 50; i++) {
      taker.feed(decoder, utf8("x".repeat(1000)));
    }
    assertThat(taker.kept()).isZero();
    taker.feed(decoder, utf8("\nsay hello\n" + "y".repeat(101) + "\nsay again\n"));
    assertThat(taker.errors()).hasSize(2).allMatch(error -> error.contains("at most 100 bytes"));
    assertThat(taker.said()).containsExactly("hello", "again");
  }

  @Test
  void a_line_of_the_greatest_length_is_decoded() {
    taker.feed(decoder, utf8("say " + "x".repeat(96) + "\r\n"));
    assertThat(taker.said()).containsExactly("x".repeat(96));
  }

  @Test
  void a_line_that_is_not_utf8_is_refused_and_the_next_is_decoded() {
    for (byte[] bad :
        List.of(
            new byte[] {(byte) 0xFF},
            new byte[] {(byte) 0xC3},
            new byte[] {(byte) 0xC0, (byte) 0x80},
            new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80})) {
      taker.feed(decoder, utf8("say "));
      taker.feed(decoder, bad);
      taker.feed(decoder, utf8("\nsay fine\n"));
    }
    assertThat(taker.errors()).hasSize(4).allMatch(error -> error.contains("not valid UTF-8"));
    assertThat(taker.said()).containsOnly("fine").hasSize(4);
  }

  @Test
  void ctrl_c_and_ctrl_d_at_the_start_of_a_line_quit() {
    byte[] ctrlC = {(byte) 0xFF, (byte) 0xF4, (byte) 0xFF, (byte) 0xFD, 6};
    for (byte[] keys : List.of(ctrlC, new byte[] {4}, new byte[] {4, '\n'})) {
      var taker = new RecordingIntake();
      taker.feed(new LineDecoder(taker, 100), keys);
      assertThat(taker.quits()).isEqualTo(1);
    }
    var cut = new RecordingIntake();
    var decoder = new LineDecoder(cut, 100);
    cut.feed(decoder, utf8("say hi\n"));
    cut.feed(decoder, ctrlC[0], ctrlC[1]);
    cut.feed(decoder, ctrlC[2], ctrlC[3], ctrlC[4]);
    assertThat(cut.quits()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\u0003", "say \u0004\n", "\u0004x\n"})
  void ctrl_c_and_ctrl_d_inside_a_line_are_data(String text) {
    taker.feed(decoder, utf8(text));
    assertThat(taker.quits()).isZero();
  }

  @Test
  void nothing_is_consumed_beyond_the_request_that_made_the_connection_congested() {
    taker.congestAfter = 1;
    ByteBuf in = Unpooled.copiedBuffer("say one\r\nsay two\n", StandardCharsets.UTF_8);
    int consumed = decoder.bytes(in, 0, in.readableBytes());
    assertThat(consumed).isEqualTo("say one\r".length());
    taker.congestAfter = 10;
    assertThat(decoder.bytes(in, consumed, in.readableBytes() - consumed))
        .isEqualTo(in.readableBytes() - consumed);
    assertThat(taker.said()).containsExactly("one", "two");
    in.release();
  }

  @Test
  void an_unfinished_line_at_the_end_is_answered_with_an_error() {
    taker.feed(decoder, utf8("say pay 100"));
    decoder.closed(taker.kept());
    assertThat(taker.said()).isEmpty();
    assertThat(taker.errors()).singleElement().asString().contains("no line end");
    assertThat(taker.inputEnded).isTrue();
  }
}
