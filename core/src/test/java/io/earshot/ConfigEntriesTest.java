package io.earshot;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConfigEntriesTest {
  @Test
  void the_alias_of_a_setting_is_shown_as_a_whole_path() {
    assertThat(entry(Config.defaults(), "general.simultaniousActions").alias())
        .isEqualTo("general.simultaneousActions");
    assertThat(entry(Config.defaults(), "general.id").alias()).isEmpty();
  }

  @Test
  void an_alias_sets_the_same_setting() {
    assertThat(Config.defaults().with("general.simultaneousActions", 7))
        .isEqualTo(Config.defaults().with("general.simultaniousActions", 7));
  }

  @Test
  void invisible_characters_of_a_text_are_shown_as_escapes() {
    Config config =
        Config.defaults().with("general.welcomeMessage", "a\"b\\c\n\u0007\u202e\u2028é🎉\udc00");
    assertThat(entry(config, "general.welcomeMessage").value())
        .isEqualTo("\"a\\\"b\\\\c\\u000a\\u0007\\u202e\\u2028é🎉\\udc00\"");
  }

  private static Config.Entry entry(Config config, String path) {
    return config.entries().stream()
        .filter(entry -> entry.path().equals(path))
        .findFirst()
        .orElseThrow();
  }
}
