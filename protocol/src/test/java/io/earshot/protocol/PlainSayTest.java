package io.earshot.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The short way and the long way understand the same, whatever chance has put together. */
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
  void what_goes_the_short_way_is_what_the_parser_makes_of_it() {
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
        // A blank in front is for the parser only.
        assertThat(RequestDecoder.frame(" " + text)).as("%s", text).isEqualTo(said);
      }
    }
    assertThat(taken).isGreaterThan(20_000);
  }

  @Test
  void the_usual_say_goes_the_short_way_and_what_says_more_does_not() {
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
