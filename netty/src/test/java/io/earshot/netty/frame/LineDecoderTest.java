package io.earshot.netty.frame;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.RecordingIntake;
import io.earshot.netty.testing.WebSocketClient;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
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
  void a_byte_order_mark_at_the_start_is_skipped_in_lines_and_in_frames() {
    taker.feed(
        decoder, utf8("\uFEFFsay hi\n\uFEFF\n\uFEFF{\"event\":\"say\",\"message\":\"json\"}\n"));
    assertThat(taker.said()).containsExactly("hi", "json");
    assertThat(taker.requests).hasSize(2);
    var frames = new RecordingIntake();
    byte[] text = utf8("\uFEFF{\"event\":\"say\",\"message\":\"framed\"}");
    frames.feed(new FrameDecoder(frames, 100), WebSocketClient.encode(WebSocketClient.TEXT, text));
    assertThat(frames.said()).containsExactly("framed");
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
  @ValueSource(
      strings = {
        "POST / HTTP/1.1\r\n",
        "GET /say%20hi?x HTTP/1.0\n",
        "\r\nOPTIONS * HTTP/1.1\r\n",
        "CONNECT localhost:5000 HTTP/1.1\r\n",
        "patch /x HTTP/1.1\r\n",
        "GET http://127.0.0.1:5000/ HTTP/1.1\r\n",
        "GET /ÿ HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "OPTIONS rtsp://localhost:5000/ RTSP/1.0\r\n",
        "\u00ef\u00bb\u00bfPOST / HTTP/1.1\r\n",
        "  POST / HTTP/1.1\r\n",
        "get / http/1.1\r\n",
        "GET /a b HTTP/1.1\r\n",
        "CLIENT libcurl 8.5.0\r\n",
        "ehlo example.org\r\n",
        "AMQP\0\0\t\u0001\n",
        "HTTP/1.1 200 OK\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 4711 5000\r\n",
        "PROXY UNKNOWN\r\n",
        "\r\n\r\n\0\r\nQUIT\n!\u0011\0\u000c",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "EHLO example.org\r\n",
        "HELO example.org\r\n",
        "*3\r\n$3\r\nSET\r\n",
        "<?xml version='1.0'?>\n",
        "CAP LS 302\r\n",
        "\u0016\u0003\u0001\u0002\0\u0001\0\u0001",
        "\u0016\u0003\u0001\n\r\u0001\0\u0001",
        "\u0010\u0010\0\u0004MQTT",
        "\0\0\0\b\u0004Ò\u0016/",
        "\u0003\0\0\u0013",
        "LONG"
      })
  void another_protocol_gets_one_error_and_nothing_after_its_first_line_is_taken(String greeting) {
    String first = greeting.replace("LONG", "POST /" + "x".repeat(200) + " HTTP/1.1\r\n");
    byte[] bytes = (first + "\nsay hi\nquit\n").getBytes(StandardCharsets.ISO_8859_1);
    for (int cut : new int[] {0, 1, 2, bytes.length / 2, bytes.length - 1}) {
      var taker = new RecordingIntake();
      taker.feed(new LineDecoder(taker, 100), bytes, cut, Math.max(cut, bytes.length - 3));
      assertThat(taker.errors()).singleElement().asString().contains("connection is closed");
      assertThat(taker.requests).hasSize(1);
      assertThat(taker.inputEnded).isTrue();
      assertThat(taker.kept()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET lunch",
        "get lunch at HTTP",
        "HELO",
        "PROXY",
        "*3 cheers",
        "POST /",
        "{\"event\":\"fly\"}",
        "\0",
        "paramAdd a=/b HTTP",
        "say GET / HTTP/1.1",
        "say / HTTP/1.1"
      })
  void a_first_line_that_is_no_greeting_is_taken_whatever_its_words(String line) {
    taker.feed(decoder, utf8(line + "\r\nsay hi\r\n"));
    assertThat(taker.requests).hasSize(2);
    assertThat(taker.said()).endsWith("hi");
  }

  @Test
  void only_the_first_line_is_compared_with_greetings() {
    taker.feed(decoder, utf8("roomView\nGET / HTTP/1.1\nSSH-2.0-x\nsay hi\n"));
    assertThat(taker.requests).hasSize(4);
    assertThat(taker.said()).containsExactly("hi");
  }

  @Test
  void sequences_of_telnet_are_no_part_of_a_line_wherever_packets_are_cut() {
    // WILL NAWS; a size of 13 columns and 10 lines, which look like a line end; DO ECHO; NOP.
    byte[] bytes =
        ("\u00ff\u00fb\u001f\u00ff\u00fa\u001f\0\r\0\n\u00ff\u00f0say o\u00ff\u00fd\u0001ne\r\0"
                + "say \u00ff\u00f1two\r\0\u00ff\u00fc\u0018\r\0say three\r\n")
            .getBytes(StandardCharsets.ISO_8859_1);
    for (int i = 0; i <= bytes.length; i++) {
      for (int j = i; j <= bytes.length; j++) {
        var taker = new RecordingIntake();
        taker.feed(new LineDecoder(taker, 100), bytes, i, j);
        assertThat(taker.said()).containsExactly("one", "two", "three");
        assertThat(taker.requests).hasSize(3);
      }
    }
  }

  @Test
  void a_sequence_of_telnet_without_an_end_is_bounded_like_a_line() {
    taker.feed(decoder, (byte) 0xFF, (byte) 0xFA);
    for (int i = 0; i < 50; i++) {
      taker.feed(decoder, new byte[1000]);
    }
    assertThat(taker.kept()).isLessThan(100);
    taker.feed(decoder, utf8("\nsay hello\n"));
    assertThat(taker.errors()).singleElement().asString().contains("at most 100 bytes");
    assertThat(taker.said()).containsExactly("hello");
  }

  @Test
  void a_sequence_of_telnet_of_more_than_256_bytes_is_no_part_of_a_text() {
    var decoder = new LineDecoder(taker, 1000);
    byte[] longest =
        "say \u00ff\u00fa%s\u00ff\u00f0one\n".formatted("x".repeat(252)).getBytes(ISO_8859_1);
    byte[] longer =
        "say \u00ff\u00fa%s\u00ff\u00f0two\n".formatted("x".repeat(253)).getBytes(ISO_8859_1);
    for (byte[] bytes : List.of(longest, longer)) {
      for (byte each : bytes) {
        taker.feed(decoder, each);
      }
      taker.feed(decoder, bytes);
    }
    taker.feed(decoder, utf8("say three\n"));
    assertThat(taker.said()).containsExactly("one", "one", "three");
    assertThat(taker.errors()).hasSize(2).allMatch(error -> error.contains("not valid UTF-8"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\u00ff\u00fa", "\u00ff\u00fax\u00ff\u00f0", "\u00ff\u00fb\u001f", "\u00ff"})
  void the_bytes_of_a_line_are_read_a_bounded_number_of_times(String part) {
    int length = 30_000;
    var reads = new AtomicInteger();
    var in =
        new UnpooledHeapByteBuf(UnpooledByteBufAllocator.DEFAULT, length, length) {
          @Override
          public byte getByte(int index) {
            reads.incrementAndGet();
            return super.getByte(index);
          }
        };
    in.writeBytes(part.repeat(length / part.length()).getBytes(ISO_8859_1));
    var decoder = new LineDecoder(taker, 65_536);
    taker.feed(decoder, utf8("say hi\n"));
    int taken = 0;
    for (int end = 1; end <= in.writerIndex(); end++) {
      taken += decoder.bytes(in, taken, end - taken);
    }
    assertThat(reads.get()).isLessThan(20 * length);
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
