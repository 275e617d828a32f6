package io.earshot.netty;

/**
 * Looks for what a {@link Parser} may not do, led by the branches that an input takes. No part of
 * {@code ./test}, where {@link ParserTest} plays what is known; {@code netty/fuzz} runs it.
 */
final class FuzzTest {

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
