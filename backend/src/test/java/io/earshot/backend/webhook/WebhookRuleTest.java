package io.earshot.backend.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.FeedEvent.Type;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The grammar of {@code webhooks.rules}. */
class WebhookRuleTest {
  private static WebhookRule rule(String... items) {
    return WebhookRule.parse(List.of(items)).getFirst();
  }

  @Test
  void a_rule_has_events_rooms_a_url_and_options() {
    WebhookRule rule =
        rule(
            "joined,user.present orders.*  https://app.example.org/e?key=secret batch=7"
                + " timeout=500ms name=shop");
    assertThat(rule.types()).containsExactlyInAnyOrder(Type.JOINED, Type.USER_PRESENT);
    assertThat(rule.events()).containsExactly("joined", "user.present");
    assertThat(rule.rooms()).isEqualTo("orders.*");
    assertThat(rule.url()).hasToString("https://app.example.org/e?key=secret");
    assertThat(rule.shownUrl()).isEqualTo("https://app.example.org/e?***");
    assertThat(rule.batch()).isEqualTo(7);
    assertThat(rule.timeout()).isEqualTo(Duration.ofMillis(500));
    assertThat(rule.consumer().name()).isEqualTo("webhook.shop");
    assertThat(rule.consumer().most()).isEqualTo(7);
  }

  @Test
  void a_rule_without_options_has_defaults_and_a_name_that_lasts() {
    WebhookRule rule = rule("all * http://app/");
    assertThat(rule.types()).containsExactlyInAnyOrder(Type.values());
    assertThat(rule.batch()).isEqualTo(100);
    assertThat(rule.timeout()).isEqualTo(Duration.ofSeconds(10));
    assertThat(rule("all * http://app/ batch=3").name())
        .isEqualTo(rule.name())
        .matches("[0-9a-f]{12}");
    assertThat(rule("left,joined * http://app/").name())
        .isEqualTo(rule("joined,left * http://app/").name())
        .isNotEqualTo(rule("joined * http://app/").name());
    assertThat(rule("all a* http://app/").name()).isNotEqualTo(rule.name());
    assertThat(rule("all * http://app/2").name()).isNotEqualTo(rule.name());
  }

  @Test
  void a_list_that_a_command_line_has_split_at_each_comma_is_the_same() {
    assertThat(rule("joined", "left", "message * http://app/"))
        .isEqualTo(rule("joined,left,message * http://app/"));
    assertThat(WebhookRule.parse(List.of("joined", "left * http://a/", "all * http://b/")))
        .hasSize(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "joined | no pattern of rooms and no URL follow",
        "joined * | write events, a pattern of rooms, and a URL, such as: joined,left orders.*",
        "joined http://app/ name=a | a pattern of rooms comes before the URL; * is all rooms",
        "joind * http://app/ | there is no event 'joind'; there are connected, disconnected, joined",
        "joined, * http://app/ | there is no event ''",
        "joined * ftp://app/ | 'ftp://app/' is not the URL of a back end",
        "joined * http:/// | 'http:///' is not the URL of a back end",
        "joined * http://user:pass@app/ | is not the URL of a back end",
        "joined * http://app/ retry=3 | there is no 'retry'; there are batch, timeout, name",
        "joined * http://app/ batch=0 | batch= takes a number of events from 1 to 1000",
        "joined * http://app/ batch=9999 | batch= takes a number of events from 1 to 1000",
        "joined * http://app/ timeout=0 | timeout= takes a time above 0 and up to 1m, such as 10s",
        "joined * http://app/ timeout=61s | timeout= takes a time above 0",
        "joined * http://app/ name=a/b | name= takes 1 to 56 letters, digits, -, _ and .",
      })
  void a_wrong_rule_is_refused_with_what_to_write(String line, String why) {
    assertThatThrownBy(() -> WebhookRule.parse(List.of(line)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("webhooks.rules: '")
        .hasMessageContaining(why);
  }

  @Test
  void two_rules_have_two_names() {
    assertThatThrownBy(
            () ->
                WebhookRule.parse(
                    List.of("joined * http://app/ name=a", "left * http://app/ name=A")))
        .hasMessage(
            "webhooks.rules: 'left * http://app/ name=A': another rule has the name A; give one of"
                + " them name=NAME");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "all https://app.example.org/e?key=s3cret",
        "all * https://app.example.org/e?key=s3cret batch=0",
        "all * https://ann:s3cret@app.example.org/e",
        "all * https://app.example.org/e https://b.example.org/?s3cret",
        "https://ann:x,s3cret@app.example.org/e?s3cret all *"
      })
  void errors_show_no_secret_of_a_url(String line) {
    assertThatThrownBy(() -> rule(line))
        .hasMessageStartingWith("webhooks.rules: '")
        .hasMessageContaining("example.org")
        .hasMessageNotContaining("s3")
        .hasMessageNotContaining("cret");
  }
}
