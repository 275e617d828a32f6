package io.earshot.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Compares the fast path with the parser on random texts. */
final class PlainSayTest {
  private static final String[] PIECES = {
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "\t",
    "\u0001",
    "\"event\"",
    "\"say\"",
    "\"message\"",
    "hi",
    "ä",
    "😀",
    "\ud800",
    "\"event\":\"say\"",
    "\"message\":\"hi\"",
    "\"message\":\"",
    "\"room\":\"x\"",
    "\\n"
  };

  private static final String[] EVENT_FIRST = {
    "{", "\"event\"", ":", "\"say\"", ",", "\"message\"", ":", "\"", "hi", "\"", "}"
  };

  private static final String[] MESSAGE_FIRST = {
    "{", "\"message\"", ":", "\"", "hi", "\"", ",", "\"event\"", ":", "\"say\"", "}"
  };

  @Test
  void the_fast_path_reads_the_same_request_as_the_parser() {
    var random = new Random(11);
    int taken = 0;
    for (int i = 0; i < 200_000; i++) {
      var text = new StringBuilder();
      for (String right : random.nextBoolean() ? EVENT_FIRST : MESSAGE_FIRST) {
        boolean wrong = random.nextInt(12) == 0;
        text.append(wrong ? PIECES[random.nextInt(PIECES.length)] : right);
      }
      Request said = PlainSay.of(text.toString());
      if (said != null) {
        taken++;
        // A leading blank disables the fast path.
        assertThat(RequestDecoder.frame(" " + text)).as("%s", text).isEqualTo(said);
      }
    }
    assertThat(taken).isGreaterThan(20_000);
  }

  @Test
  void the_fast_path_reads_a_plain_say_and_nothing_else() {
    assertThat(message("{\"event\":\"say\",\"message\":\"hällo\"}")).isEqualTo("hällo");
    assertThat(message("{\"message\":\"hello\",\"event\":\"say\"}")).isEqualTo("hello");
    assertThat(message("{\"event\":\"say\",\"message\":\"\"}")).isEmpty();
    assertThat(message("{\"event\":\"say\",\"message\":\"a\\nb\"}")).isNull();
    assertThat(message("{\"event\":\"say\",\"message\":\"a\",\"room\":\"b\"}")).isNull();
    assertThat(message("{\"event\":\"say\",\"message\":\"a\"} x")).isNull();
    assertThat(message("{\"event\":\"say\",\"message\":\"a")).isNull();
  }

  private static @Nullable String message(String text) {
    Request said = PlainSay.of(text);
    return said != null && said.command() instanceof Command.Say say
        ? say.message().asText()
        : null;
  }
}
