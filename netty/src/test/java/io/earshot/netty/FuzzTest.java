package io.earshot.netty;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Looks for what a {@link Parser} may not do, led by the branches that an input takes, for as long
 * as one likes, a parser at a time, by {@code netty/fuzz}. {@link ParserTest} plays what is known
 * in {@code ./test}.
 */
final class FuzzTest {
  private static final List<Parser> ALL = List.of(Parser.values());

  /** All of them; the first byte says which. */
  @MethodSource("known")
  @com.code_intelligence.jazzer.junit.FuzzTest(maxDuration = "5s")
  void any(byte[] bytes) throws Exception {
    if (bytes.length > 0) {
      Parser parser = ALL.get(Math.floorMod(bytes[0], ALL.size()));
      parser.take(Arrays.copyOfRange(bytes, 1, bytes.length));
    }
  }

  /** The inputs that are kept for each, to begin from. */
  static Stream<Arguments> known() {
    return ALL.stream().flatMap(FuzzTest::known);
  }

  private static Stream<Arguments> known(Parser parser) {
    try {
      return parser.seeds().stream().map(seed -> Arguments.of((Object) joined(parser, seed)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] joined(Parser parser, Path seed) {
    try {
      byte[] bytes = Files.readAllBytes(seed);
      byte[] both = new byte[bytes.length + 1];
      both[0] = (byte) ALL.indexOf(parser);
      System.arraycopy(bytes, 0, both, 1, bytes.length);
      return both;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @com.code_intelligence.jazzer.junit.FuzzTest
  void lines(byte[] bytes) throws Exception {
    Parser.LINES.take(bytes);
  }

  @com.code_intelligence.jazzer.junit.FuzzTest
  void frames(byte[] bytes) throws Exception {
    Parser.FRAMES.take(bytes);
  }

  @com.code_intelligence.jazzer.junit.FuzzTest
  void requests(byte[] bytes) throws Exception {
    Parser.REQUESTS.take(bytes);
  }

  @com.code_intelligence.jazzer.junit.FuzzTest
  void cookies(byte[] bytes) throws Exception {
    Parser.COOKIES.take(bytes);
  }

  @com.code_intelligence.jazzer.junit.FuzzTest
  void http(byte[] bytes) throws Exception {
    Parser.HTTP.take(bytes);
  }

  @com.code_intelligence.jazzer.junit.FuzzTest
  void posts(byte[] bytes) throws Exception {
    Parser.POSTS.take(bytes);
  }
}
