package io.earshot.netty.frame;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LoopDeflateTest {
  private static final int LIMIT = 100_000;

  private final AtomicInteger seconds = new AtomicInteger();
  private final LoopDeflate loop = new LoopDeflate(64, seconds::get);

  private static byte[] text(int length) {
    var random = new Random(length);
    var text = new StringBuilder();
    while (text.length() < length) {
      text.append("{\"message\":\"").append(random.nextInt(1_000)).append("\"},");
    }
    return text.substring(0, length).getBytes(UTF_8);
  }

  private byte[] deflated(byte[] text, boolean isSmall) {
    int length = loop.deflate(ByteBuffer.wrap(text), false, isSmall);
    assertThat(length).isPositive();
    return Arrays.copyOf(loop.result(), length);
  }

  private byte[] inflated(byte... message) throws DataFormatException {
    ByteBuf in = Unpooled.directBuffer().writeZero(3).writeBytes(message);
    try {
      int length = loop.inflate(in, 3, message.length, LIMIT);
      return length < 0 ? new byte[0] : Arrays.copyOf(loop.result(), length);
    } finally {
      in.release();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 255, 256, 257, 300, 1_000, 65_535, 65_536, 65_537, 99_999, 100_000})
  void a_text_comes_back_whatever_its_length_and_the_window(int length) throws DataFormatException {
    for (boolean isSmall : new boolean[] {false, true}) {
      byte[] text = text(length);
      byte[] message = deflated(text, isSmall);
      assertThat(message.length).isLessThan(length);
      assertThat(inflated(message)).isEqualTo(text);
    }
  }

  /** An inflater with a smaller window cannot be had in the JDK, so the distances are read here. */
  @Test
  void for_a_small_window_no_piece_refers_to_another() {
    byte[] random = new byte[192];
    new Random(1).nextBytes(random);
    for (int i = 0; i < random.length; i++) {
      random[i] = (byte) ('0' + (random[i] & 0x3F));
    }
    byte[] text = new byte[8 * 256];
    for (int i = 0; i < 8; i++) {
      System.arraycopy(random, 0, text, i * 256, random.length);
    }
    assertThat(deflated(text, false).length).isLessThan(450);
    assertThat(deflated(text, true).length).isGreaterThan(8 * 140);
  }

  @Test
  void a_text_that_does_not_become_shorter_is_sent_as_it_is() {
    byte[] random = new byte[5_000];
    new Random(1).nextBytes(random);
    assertThat(loop.deflate(ByteBuffer.wrap(random), false, false)).isEqualTo(-1);
    assertThat(loop.deflate(ByteBuffer.wrap(random), false, true)).isEqualTo(-1);
    assertThat(deflated(text(300), false)).hasSizeLessThan(300);
  }

  @Test
  void after_a_text_that_is_sent_as_it_is_no_message_refers_to_it() throws DataFormatException {
    byte[] random = new byte[5_000];
    new Random(1).nextBytes(random);
    byte[] twice = Arrays.copyOf(random, 10_000);
    System.arraycopy(random, 0, twice, 5_000, 5_000);
    deflated(text(300), false);
    assertThat(loop.deflate(ByteBuffer.wrap(random), true, false)).isEqualTo(-1);
    int length = loop.deflate(ByteBuffer.wrap(twice), true, false);
    assertThat(inflated(Arrays.copyOf(loop.result(), length))).isEqualTo(twice);
  }

  @Test
  void no_more_is_compressed_in_a_second_than_the_loop_can_afford() {
    byte[] text = text(1 << 20);
    for (int i = 0; i < LoopDeflate.BYTES_PER_SECOND >> 20; i++) {
      assertThat(loop.deflate(ByteBuffer.wrap(text), false, false)).isPositive();
    }
    assertThat(loop.deflate(ByteBuffer.wrap(text(64)), false, false)).isEqualTo(-1);
    seconds.incrementAndGet();
    assertThat(loop.deflate(ByteBuffer.wrap(text(64)), false, false)).isPositive();
  }

  @Test
  void a_text_may_be_as_long_as_the_limit_and_a_longer_one_takes_no_memory() throws Exception {
    ByteBuf longest = Unpooled.copiedBuffer(deflated(new byte[LIMIT], false));
    assertThat(loop.inflate(longest, 0, longest.readableBytes(), LIMIT)).isEqualTo(LIMIT);
    for (int length : new int[] {LIMIT + 1, 8 << 20}) {
      byte[] message = deflated(new byte[length], false);
      deflated(text(64), false); // which gives back what a long message needed
      ByteBuf bomb = Unpooled.copiedBuffer(message);
      assertThat(loop.inflate(bomb, 0, bomb.readableBytes(), LIMIT)).isEqualTo(-1);
      assertThat(loop.result()).hasSize(64 << 10);
    }
  }

  private static byte[] finished(byte... text) {
    var deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    deflater.setInput(text);
    deflater.finish();
    byte[] out = new byte[text.length + 64];
    return Arrays.copyOf(out, deflater.deflate(out));
  }

  @Test
  void a_message_may_end_with_a_final_block() throws DataFormatException {
    byte[] text = text(1_000);
    byte[] message = finished(text);
    assertThat(inflated(message)).isEqualTo(text);
    assertThat(inflated(Arrays.copyOf(message, message.length + 1))).isEqualTo(text);
    assertThat(inflated((byte) 0)).isEmpty();
  }

  @Test
  void what_is_no_message_is_refused() {
    byte[] message = deflated(text(1_000), false);
    byte[] final2 = Arrays.copyOf(finished(text(1_000)), finished(text(1_000)).length + 2);
    var doubled = new ByteArrayOutputStream();
    doubled.writeBytes(finished(text(100)));
    doubled.writeBytes(finished(text(100)));
    for (byte[] corrupt :
        new byte[][] {
          {},
          {(byte) 0xFF},
          "{\"event\":\"say\"}".getBytes(UTF_8),
          Arrays.copyOf(message, message.length - 1),
          Arrays.copyOf(message, message.length / 2),
          Arrays.copyOf(message, 1),
          final2,
          doubled.toByteArray()
        }) {
      assertThatExceptionOfType(DataFormatException.class).isThrownBy(() -> inflated(corrupt));
    }
  }

  @Test
  void nothing_is_left_of_a_message_for_the_next() throws DataFormatException {
    byte[] text = text(1_000);
    byte[] first = deflated(text, false);
    int length = loop.deflate(ByteBuffer.wrap(text), true, false);
    byte[] next = Arrays.copyOf(loop.result(), length);
    assertThat(next.length).isLessThan(first.length / 4);
    assertThat(inflated(first)).isEqualTo(text);
    assertThatExceptionOfType(DataFormatException.class).isThrownBy(() -> inflated(next));
    // A client that keeps its window reads both.
    var client = new Inflater(true);
    byte[] read = new byte[4_000];
    for (byte[] message : new byte[][] {first, next}) {
      client.setInput(ByteBuffer.allocate(message.length + 4).put(message).putInt(0xFFFF).flip());
      assertThat(client.inflate(read)).isEqualTo(text.length);
      assertThat(Arrays.copyOf(read, text.length)).isEqualTo(text);
    }
    client.end();
  }
}
