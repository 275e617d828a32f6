package io.earshot.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "true",
        "0",
        "-1.50e+300",
        "123456789012345678901234567890",
        "\"\"",
        "\"ä ✓ 😀\"",
        "[]",
        "{}",
        "[1,[2,{\"a\":null}]]",
        "{\"z\":1,\"a\":{\"__proto__\":2}}"
      })
  void json_that_is_read_is_written_unchanged(String json) throws MalformedJsonException {
    assertThat(written(Json.parse(json))).isEqualTo(json);
  }

  @Test
  void any_text_is_written_in_one_line() throws MalformedJsonException {
    String text = "a\r\nb\u0000c\td\"e\\f\u2028";
    String json = written(Json.of(text));
    assertThat(json.chars()).noneMatch(c -> c < 0x20);
    assertThat(Json.parse(json)).isEqualTo(Json.of(text));
  }

  @Test
  void whitespace_between_values_is_not_written() throws MalformedJsonException {
    assertThat(written(Json.parse(" {\r\n \"a\" : [ 1 ,\n2 ] } "))).isEqualTo("{\"a\":[1,2]}");
  }

  @Test
  void half_of_a_surrogate_pair_becomes_a_replacement_character_and_the_rest_stays()
      throws MalformedJsonException {
    assertThat(written(Json.parse("[\"\\ud800x\",\"\\ud83d\\ude00\"]")))
        .isEqualTo("[\"\uFFFDx\",\"😀\"]");
    assertThat(written(Json.from(Map.of("\udc00", 1)))).isEqualTo("{\"\uFFFD\":1}");
  }

  @Test
  void the_last_value_of_a_repeated_key_counts() throws MalformedJsonException {
    assertThat(written(Json.parse("{\"a\":1,\"a\":2}"))).isEqualTo("{\"a\":2}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[1",
        "{\"a\":}",
        "1 2",
        "{} x",
        "nul",
        "'a'",
        "{a:1}",
        "NaN",
        "01",
        "\"\n\""
      })
  void text_that_is_not_json_is_refused(String json) {
    assertThatThrownBy(() -> Json.parse(json)).isInstanceOf(MalformedJsonException.class);
  }

  @Test
  void nesting_and_numbers_have_limits() throws MalformedJsonException {
    Json.parse("[".repeat(64) + "]".repeat(64));
    assertThatThrownBy(() -> Json.parse("[".repeat(65) + "]".repeat(65)))
        .isInstanceOf(MalformedJsonException.class)
        .hasMessageContaining("deeper than 64");
    assertThatThrownBy(() -> Json.parse("[".repeat(60_000)))
        .isInstanceOf(MalformedJsonException.class);
    assertThatThrownBy(() -> Json.parse("1".repeat(2_000)))
        .isInstanceOf(MalformedJsonException.class);
    assertThatThrownBy(() -> Json.parse("{\"" + "k".repeat(2_000) + "\":1}"))
        .isInstanceOf(MalformedJsonException.class);
    Json.parse("\"" + "x".repeat(1 << 20) + "\"");
  }

  @Test
  void java_values_are_converted_to_json() {
    assertThat(written(Json.from(Map.of("list", List.of(1, 2.5, true, "x", Json.of(3))))))
        .isEqualTo("{\"list\":[1,2.5,true,\"x\",3]}");
    assertThat(written(Json.from(null))).isEqualTo("null");
    assertThatThrownBy(() -> Json.from(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Json.from(List.of(new Object())))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String written(Json json) {
    return new String(json.encode(), StandardCharsets.UTF_8);
  }
}
