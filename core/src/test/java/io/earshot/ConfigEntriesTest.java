package io.earshot;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConfigEntriesTest {
  @Test
  void a_setting_with_another_name_tells_it_as_a_whole_path() {
    assertThat(entry(Config.defaults(), "general.simultaniousActions").alias())
        .isEqualTo("general.simultaneousActions");
    assertThat(entry(Config.defaults(), "general.id").alias()).isEmpty();
  }

  @Test
  void the_other_name_sets_the_same() {
    assertThat(Config.defaults().with("general.simultaneousActions", 7))
        .isEqualTo(Config.defaults().with("general.simultaniousActions", 7));
  }

  @Test
  void a_text_is_shown_with_nothing_invisible_in_it() {
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
