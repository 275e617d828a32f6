package io.earshot.netty;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Inputs that are known to be hard for each parser, and random variations of them. */
final class ParserTest {
  private static final int TRIES = 3_000;

  /** Tokens that parsers look for, and that random bytes seldom contain. */
  private static final List<String> WORDS =
      List.of(
          "\r\n",
          "\n",
          "\r",
          "\r\n\r\n",
          "\"",
          "\\u0000",
          "\\ud800",
          "{",
          "}",
          "[".repeat(80),
          ":",
          "=",
          "%00",
          "%zz",
          ";",
          "\0",
          "\u0004",
          "\u00FF\u00F4\u00FF\u00FD\u0006",
          "\u0081\u0080\0\0\0\0",
          "\u0000\u0081\0\0\0\0x",
          "\u0088\u0082",
          "\u00C3\u00A4",
          "\u00ED\u00A0\u0080",
          "after=",
          "Content-Length: 5\r\n",
          "Transfer-Encoding: chunked\r\n",
          "0\r\n\r\n",
          "99999999999999999999");

  @ParameterizedTest
  @EnumSource(Parser.class)
  void a_parser_keeps_its_promises_for_any_input(Parser parser) throws Exception {
    List<byte[]> seeds = new ArrayList<>();
    for (Path file : parser.seeds()) {
      seeds.add(Files.readAllBytes(file));
    }
    assertThat(seeds).isNotEmpty();
    seeds.forEach(seed -> take(parser, seed));
    take(parser, new byte[0]);
    var random = new Random(1); // the same each time
    for (int i = 0; i < TRIES; i++) {
      byte[] bytes = seeds.get(random.nextInt(seeds.size()));
      for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
        bytes = changed(bytes, random);
      }
      take(parser, bytes);
    }
  }

  private static void take(Parser parser, byte[] bytes) {
    try {
      parser.take(bytes);
    } catch (Exception | AssertionError | StackOverflowError e) {
      throw new AssertionError(parser + " given " + HexFormat.of().formatHex(bytes), e);
    }
  }

  /** Something like it: a bit turned, a stretch left out, said twice or cut off, a word put in. */
  private static byte[] changed(byte[] bytes, Random random) {
    int from = random.nextInt(bytes.length + 1);
    int to = from + random.nextInt(bytes.length + 1 - from);
    byte[] before = Arrays.copyOf(bytes, from);
    return switch (random.nextInt(5)) {
      case 0 -> before;
      case 1 -> joined(before, Arrays.copyOfRange(bytes, to, bytes.length));
      case 2 -> joined(Arrays.copyOf(bytes, to), Arrays.copyOfRange(bytes, from, bytes.length));
      case 3 -> {
        byte[] turned = bytes.clone();
        if (from < turned.length) {
          turned[from] ^= (byte) (1 << random.nextInt(8));
        }
        yield turned;
      }
      default -> {
        String word = WORDS.get(random.nextInt(WORDS.size()));
        byte[] after = Arrays.copyOfRange(bytes, from, bytes.length);
        yield joined(joined(before, word.getBytes(ISO_8859_1)), after);
      }
    };
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
