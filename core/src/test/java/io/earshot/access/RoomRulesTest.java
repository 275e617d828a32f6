package io.earshot.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.config.Access;
import io.earshot.config.Glob;
import io.earshot.config.RoomRule;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rule that applies to a room, and its explanation. */
final class RoomRulesTest {

  private static RoomRules rules(String... lines) {
    return new RoomRules(Config.defaults().with("rooms.rules", List.of(lines)).rooms());
  }

  @Test
  void only_the_first_matching_rule_applies() {
    RoomRules rules =
        rules("prices.* say=nobody historyMessages=1", "*.eur historyMessages=9 messageBytes=5");
    RoomRule both = rules.of("prices.eur");
    assertThat(both.say()).isEqualTo(Access.Common.NOBODY);
    assertThat(both.historyMessages()).isEqualTo(1);
    assertThat(both.messageBytes()).isZero();
    assertThat(rules.of("stocks.eur").messageBytes()).isEqualTo(5);
    assertThat(rules.of("lobby").say()).isEqualTo(Access.Common.ANYONE);
  }

  /** Settings and rules have an enum each, since the API shows no type of the inside. */
  @Test
  void settings_and_rules_name_the_same_treatments_of_slow_consumers() {
    assertThat(RoomRule.SlowConsumers.values())
        .extracting(Enum::name)
        .isEqualTo(Stream.of(Config.SlowConsumers.values()).map(Enum::name).toList());
  }

  @ParameterizedTest
  @CsvSource({
    "*, anything, true",
    "**, '', true",
    "a*, ba, false",
    "a*b, ab, true",
    "a*b, abab, true",
    "a*b, aba, false",
    "*.eur, prices.eur.eur, true",
    "a*b*c, a-c-b-c, true",
    "abc, abcd, false",
    "a.c, abc, false",
    "'', a, false"
  })
  void a_star_matches_any_characters(String pattern, String name, boolean matches) {
    assertThat(new Glob(pattern).matches(name)).isEqualTo(matches);
  }

  @Test
  void no_name_is_slow_to_match() {
    var counted = new Glob("*-".repeat(120) + "x");
    for (int i = 0; i < 1_000; i++) {
      assertThat(counted.matches("-".repeat(256))).isFalse();
    }
  }

  @Test
  void a_private_name_requires_a_token_unless_a_rule_says_otherwise() {
    assertThat(rules().of("private.x").join()).isEqualTo(Access.Common.TOKEN);
    // A rule about other settings does not open the room.
    RoomRule other = rules("* historyMessages=0").of("private.x");
    assertThat(other.join()).isEqualTo(Access.Common.TOKEN);
    assertThat(other.say()).isEqualTo(Access.Common.TOKEN);
    assertThat(other.listen()).isEqualTo(Access.Common.TOKEN);
    RoomRule open = rules("private.* join=anyone").of("private.x");
    assertThat(open.join()).isEqualTo(Access.Common.ANYONE);
    assertThat(open.say()).isEqualTo(Access.Common.TOKEN);
  }

  @Test
  void an_explanation_names_the_rule_that_applies_and_the_origin_of_each_setting() {
    assertThat(
            rules("stocks.* say=nobody", "prices.* say=role:trader historyAge=2s", "* join=nobody")
                .explained("prices.eur"))
        .containsExactly(
            "# rooms.rules: stocks.* say=nobody  (does not match)",
            "# rooms.rules: prices.* say=role:trader historyAge=2s  (applies)",
            "# rooms.rules: * join=nobody  (matches, but an earlier rule applies)",
            "join=anyone  # the default",
            "say=role:trader  # the rule",
            "signal=say  # the default",
            "listen=anyone  # the default",
            "announcements=250  # rooms.announcements",
            "messagesPerSecond=20000  # rooms.messagesPerSecond",
            "messageBytes=0  # rooms.messageBytes",
            "historyMessages=100  # rooms.historyMessages",
            "historyBytes=65536  # rooms.historyBytes",
            "historyAge=2000ms  # the rule",
            "slowConsumers=disconnect  # rooms.slowConsumers",
            "conflateBy=  # the default");
    assertThat(rules().explained("private.x"))
        .startsWith(
            "# no rule of rooms.rules matches",
            "# rooms whose names begin with private. require a token",
            "join=token  # a private name");
  }

  @Test
  void an_explanation_read_as_a_rule_means_the_same() {
    RoomRule rule = rules("* say=nobody announcements=false conflateBy=x").of("any");
    RoomRule again = new RoomRules(Config.defaults().rooms()).of("any");
    for (var each : rule.settings().entrySet()) {
      again = again.with(each.getKey() + "=" + each.getValue());
    }
    assertThat(again).isEqualTo(rule);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          lobby                      | write a pattern and settings, such as: prices.* historyMessages=1
          lobby join                 | join must be anyone, token, nobody, or an attribute as NAME:VALUE, not ''
          lobby say=everyone         | say must be anyone, token, nobody, or an attribute as NAME:VALUE, not 'everyone'
          lobby announcements=maybe  | announcements must be a number, 0 or more, not 'maybe'
          lobby messageBytes=-1      | messageBytes must be a number, 0 or more, not '-1'
          lobby talk=nobody          | there is no 'talk'; there are join, say, signal, listen, announcements, messagesPerSecond
          """)
  void a_malformed_rule_is_refused_with_what_to_write(String line, String why) {
    assertThatThrownBy(() -> rules(line))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rooms.rules: '" + line + "'")
        .hasMessageContaining(why);
  }
}
