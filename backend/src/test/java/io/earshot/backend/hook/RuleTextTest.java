package io.earshot.backend.hook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.earshot.Config;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The grammar of {@code hooks.http}. */
final class RuleTextTest {
  private static final String URL = "https://app.example.org/asked?key=hidden";

  private static List<Rule> rules(String... lines) {
    return RuleText.rules(Config.defaults().with("hooks.http", List.of(lines)));
  }

  private static Rule rule(String line) {
    return rules(line).getFirst();
  }

  @Test
  void a_rule_has_events_a_pattern_a_url_and_defaults() {
    Rule rule = rule("join,say  lobby.* " + URL);
    assertThat(rule.events()).isEqualTo(Set.of(Event.JOIN, Event.SAY));
    assertThat(rule.isFor("lobby.1")).isTrue();
    assertThat(rule.isFor("attic")).isFalse();
    assertThat(rule.url()).hasToString(URL);
    assertThat(rule.timeout()).as("3/4 of hooks.timeout").isEqualTo(Duration.ofMillis(1500));
    assertThat(rule.running()).isEqualTo(100);
    assertThat(rule.allowsWhenAway()).isFalse();
    assertThat(rule.actions()).isEmpty();
    assertThat(rule.name()).isEqualTo("join,say lobby.* https://app.example.org/asked");
  }

  @Test
  void further_words_change_the_defaults() {
    Rule rule = rule("say * " + URL + " timeout=300ms running=7 away=allow");
    assertThat(rule.timeout()).isEqualTo(Duration.ofMillis(300));
    assertThat(rule.running()).isEqualTo(7);
    assertThat(rule.allowsWhenAway()).isTrue();
    Config patient = Config.defaults().with("hooks.timeout", "10s");
    assertThat(
            RuleText.rules(patient.with("hooks.http", List.of("say * " + URL)))
                .getFirst()
                .timeout())
        .isEqualTo(Duration.ofSeconds(2));
    assertThat(
            RuleText.rules(patient.with("hooks.http", List.of("say * " + URL + " timeout=9s")))
                .getFirst()
                .timeout())
        .isEqualTo(Duration.ofSeconds(9));
  }

  @Test
  void actions_have_names_and_params() {
    Rule rule = rule("action refund,order.cancel " + URL + " timeout=20s param=order param=token");
    assertThat(rule.actions()).containsExactly("refund", "order.cancel");
    assertThat(rule.params()).containsExactly("order", "token");
    assertThat(rule.timeout()).isEqualTo(Duration.ofSeconds(20));
  }

  @Test
  void rules_that_an_environment_variable_cuts_at_their_commas_are_whole_again() {
    Config config =
        Config.defaults()
            .with(
                "hooks.http",
                "connect,join,say * https://a.example/1 running=5, action refund,cancel"
                    + " https://a.example/2, say x https://a.example/3");
    assertThat(RuleText.rules(config).stream().map(Rule::name))
        .containsExactly(
            "connect,join,say * https://a.example/1",
            "action refund,cancel https://a.example/2",
            "say x https://a.example/3");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          say                                       | write the events, a pattern of rooms and a URL, such as: say lobby.* https://app.example.org/moderate
          say lobby.*                               | write the events, a pattern
          say https://a.example/                    | write the events, a pattern
          say https://a.example/ timeout=1s         | there is no pattern before the URL
          sya * https://a.example/                  | there is no event 'sya'; the nearest is 'say'; there are connect, join, say, action
          say, * https://a.example/                 | there is no event ''
          say * a.example                           | 'a.example' is not the URL of a back end
          say * https://a.example/ timeuot=1s       | there is no 'timeuot=1s'; the nearest is 'timeout'; there are timeout, running, away, param
          say * https://a.example/ frobnicate       | there is no 'frobnicate'; there are timeout, running, away, param
          say * https://a.example/ timeout=soon     | timeout must be a time above 0 such as 500ms, not 'soon'
          say * https://a.example/ timeout=0s       | timeout must be a time above 0
          say * https://a.example/ timeout=2s       | timeout=2000ms must be less than hooks.timeout (2000ms), which ends the question; write a shorter one, or raise hooks.timeout
          action a https://a.example/ timeout=30s   | timeout=30000ms must be less than general.actionTimeout (30000ms)
          say * https://a.example/ running=0        | running must be a number from 1 to 10000, not '0'
          say * https://a.example/ running=many     | running must be a number
          say * https://a.example/ away=alow        | away must be refuse or allow, not 'alow'; the nearest is 'allow'
          say * https://a.example/ param=a          | param=a is for actions alone
          action refund* https://a.example/         | an action has a name and a rule of its own; write its name
          say,action refund https://a.example/      | an action has a name and a rule of its own
          action a/b https://a.example/             | 'a/b' is not the name of an action
          action a,,b https://a.example/            | '' is not the name of an action
          action a https://a.example/ away=allow    | away=allow is not for actions
          action a https://a.example/ param=        | param must be one name
          """)
  void a_rule_that_is_wrong_refuses_the_start_and_says_what_to_write(String line, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> rule(line))
        .withMessageStartingWith("hooks.http: '")
        .withMessageContaining(why);
  }

  @Test
  void two_rules_with_one_name_or_one_action_are_refused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> rules("say * " + URL, "say * " + URL + "2"))
        .withMessageContaining("there are two rules for 'say * https://app.example.org/asked'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> rules("action a,b " + URL, "action b " + URL))
        .withMessageContaining("another rule serves the action 'b'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "say https://app.example.org/asked?token=s3cret",
        "say * https://ann:s3cret@app.example.org/asked",
        "say * ann:s3cret@app.example.org/asked",
        "say * https://ann:s3/cret@app.example.org/asked",
        "say * https://ann:s3?cret@app.example.org",
        "say * ftp://app.example.org/asked?token=s3cret",
        "say * https://app.example.org/asked#s3cret",
        "say * https://app.example.org/asked?token=s3cret'4 running=0",
        "say * https://app.example.org/asked?token=a,s3cret https://b.example.org/?s3cret",
        "https://ann:x,s3cret@app.example.org/asked?s3cret say *",
        "shout * https://app.example.org/asked?mail=a@b&token=s3cret"
      })
  void errors_show_no_secret_of_a_url(String line) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> rules(line))
        .withMessageStartingWith("hooks.http: '")
        .withMessageContaining("example.org")
        .withMessageContaining("***")
        .withMessageNotContaining("s3")
        .withMessageNotContaining("cret");
  }
}
