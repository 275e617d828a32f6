package io.earshot.backend.hook;

import io.earshot.Config;
import io.earshot.backend.http.BackEndClient;
import io.earshot.config.SettingText;
import io.earshot.config.Words;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads the rules of {@code hooks.http}. Each error names the setting and says what to write.
 *
 * <p>Immutable.
 */
final class RuleText {
  private static final String SETTING = "hooks.http";
  private static final String EXAMPLE =
      "write the events, a pattern of rooms and a URL, such as: say lobby.*"
          + " https://app.example.org/moderate";
  private static final List<String> EVENTS =
      Arrays.stream(Event.values()).map(Event::toString).toList();
  private static final List<String> OPTIONS = List.of("timeout", "running", "away", "param");
  private static final int RUNNING = 100;
  private static final int MOST_RUNNING = 10_000;
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final Config config;
  private final String line;
  private Duration timeout;
  private int running = RUNNING;
  private boolean allowsWhenAway;
  private final List<String> params = new ArrayList<>();

  private RuleText(Config config, String line) {
    this.config = config;
    this.line = line;
    Duration most = config.hooks().timeout().multipliedBy(3).dividedBy(4);
    this.timeout = most.compareTo(TIMEOUT) < 0 ? most : TIMEOUT;
  }

  /**
   * Reads all rules.
   *
   * @throws IllegalArgumentException if one is wrong
   */
  static List<Rule> rules(Config config) {
    var rules = new ArrayList<Rule>();
    var names = new HashSet<String>();
    var actions = new HashSet<String>();
    for (String line : whole(config.hooks().http())) {
      var text = new RuleText(config, line);
      Rule rule = text.rule();
      if (!names.add(rule.name())) {
        throw text.wrong("there are two rules for '" + rule.name() + "'; remove one");
      }
      for (String action : rule.actions()) {
        if (!actions.add(action)) {
          throw text.wrong(
              "another rule serves the action '" + action + "'; remove one of the two");
        }
      }
      rules.add(rule);
    }
    return rules;
  }

  /** Joins what was cut at a comma inside a rule, as in an environment variable. */
  private static List<String> whole(List<String> entries) {
    var lines = new ArrayList<String>();
    String begun = "";
    for (String entry : entries) {
      begun = begun.isEmpty() ? entry : begun + "," + entry;
      if (begun.contains("://")) {
        lines.add(begun);
        begun = "";
      }
    }
    if (!begun.isEmpty()) {
      lines.add(begun);
    }
    return lines;
  }

  private Rule rule() {
    List<String> words = List.of(line.strip().split("\\s+"));
    if (words.size() < 3) {
      throw wrong(EXAMPLE);
    }
    if (words.getFirst().contains("://")) {
      throw wrong(EXAMPLE);
    }
    Set<Event> events = events(words.getFirst());
    String names = words.get(1);
    if (names.contains("://")) {
      throw wrong("there is no pattern before the URL; " + EXAMPLE);
    }
    boolean isAction = events.contains(Event.ACTION);
    if (isAction) {
      checkActions(events, names);
    }
    var url = BackEndClient.url(SETTING, words.get(2));
    words.subList(3, words.size()).forEach(this::option);
    if (isAction && allowsWhenAway) {
      throw wrong("away=allow is not for actions, which only their back end can answer");
    }
    if (!isAction && !params.isEmpty()) {
      throw wrong("param=" + params.getFirst() + " is for actions alone");
    }
    checkTimeout(isAction);
    return new Rule(Set.copyOf(events), names, url, timeout, running, allowsWhenAway, params);
  }

  private Set<Event> events(String word) {
    var events = EnumSet.noneOf(Event.class);
    for (String each : word.split(",", -1)) {
      events.add(
          Arrays.stream(Event.values())
              .filter(event -> event.toString().equals(each))
              .findFirst()
              .orElseThrow(
                  () ->
                      wrong(
                          "there is no event '"
                              + each
                              + "'"
                              + instead(each, EVENTS)
                              + "; "
                              + EXAMPLE)));
    }
    return events;
  }

  private void checkActions(Set<Event> events, String names) {
    if (events.size() > 1 || names.contains("*")) {
      throw wrong(
          "an action has a name and a rule of its own; write its name, or several with commas"
              + " between them, such as: action refund,cancel https://app.example.org/orders");
    }
    for (String name : names.split(",", -1)) {
      if (name.isEmpty() || name.contains("/")) {
        throw wrong("'" + name + "' is not the name of an action, which has no slash");
      }
    }
  }

  private void option(String word) {
    int equals = word.indexOf('=');
    String name = equals < 0 ? word : word.substring(0, equals);
    String value = equals < 0 ? "" : word.substring(equals + 1);
    switch (name) {
      case "timeout" ->
          timeout =
              SettingText.duration(value, value)
                  .filter(Duration::isPositive)
                  .orElseThrow(
                      () ->
                          wrong(
                              "timeout must be a time above 0 such as 500ms, not '" + value + "'"));
      case "running" -> running = number(value);
      case "away" -> {
        if (!value.equals("refuse") && !value.equals("allow")) {
          throw wrong(
              "away must be refuse or allow, not '"
                  + value
                  + "'"
                  + instead(value, List.of("refuse", "allow")));
        }
        allowsWhenAway = value.equals("allow");
      }
      case "param" -> {
        if (value.isEmpty() || value.contains(",")) {
          throw wrong("param must be one name, such as param=order param=amount");
        }
        params.add(value);
      }
      default -> throw wrong("there is no '" + word + "'" + instead(name, OPTIONS));
    }
  }

  private int number(String value) {
    try {
      int number = Integer.parseInt(value);
      if (number >= 1 && number <= MOST_RUNNING) {
        return number;
      }
    } catch (NumberFormatException e) {
      // refused below
    }
    throw wrong("running must be a number from 1 to " + MOST_RUNNING + ", not '" + value + "'");
  }

  private void checkTimeout(boolean isAction) {
    String setting = isAction ? "general.actionTimeout" : "hooks.timeout";
    Duration most = isAction ? config.general().actionTimeout() : config.hooks().timeout();
    if (timeout.compareTo(most) >= 0) {
      throw wrong(
          "timeout="
              + timeout.toMillis()
              + "ms must be less than "
              + setting
              + " ("
              + most.toMillis()
              + "ms), which ends the question; write a shorter one, or raise "
              + setting);
    }
  }

  /** The known words, the nearest one first if there is one. */
  private static String instead(String word, List<String> known) {
    return Words.nearest(word, known).map(near -> "; the nearest is '" + near + "'").orElse("")
        + "; there are "
        + String.join(", ", known);
  }

  private IllegalArgumentException wrong(String why) {
    return new IllegalArgumentException(
        SETTING + ": '" + BackEndClient.masked(line) + "': " + BackEndClient.masked(why));
  }
}
