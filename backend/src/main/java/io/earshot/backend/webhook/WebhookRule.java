package io.earshot.backend.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.backend.http.BackEndClient;
import io.earshot.config.SettingText;
import java.net.URI;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A rule of the setting {@code webhooks.rules}, whose grammar is here.
 *
 * <p>Immutable.
 *
 * @param name by which the server remembers what was sent
 * @param types the events
 * @param rooms the pattern of the names of rooms
 * @param url where the events go
 * @param batch the most events of a request
 * @param timeout how long a request may take
 */
record WebhookRule(
    String name, Set<FeedEvent.Type> types, String rooms, URI url, int batch, Duration timeout) {
  static final String SETTING = "webhooks.rules";

  /** Precedes the name of a rule in the name of its consumer. */
  private static final String PREFIX = "webhook.";

  private static final int MOST_EVENTS = 1_000;
  private static final Duration LONGEST = Duration.ofMinutes(1);
  private static final String ALL = "all";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,56}");
  private static final Pattern BATCH = Pattern.compile("\\d{1,4}");

  WebhookRule {
    types = Set.copyOf(types);
  }

  /**
   * Reads the setting.
   *
   * @throws IllegalArgumentException if a rule is wrong; the message says what to write
   */
  static List<WebhookRule> parse(List<String> items) {
    var rules = new ArrayList<WebhookRule>();
    Set<String> names = new HashSet<>();
    var events = new StringBuilder();
    for (String item : items) {
      String line = item.strip();
      if (isEvent(line)) {
        events.append(line).append(','); // a command line splits a list at each comma
        continue;
      }
      WebhookRule rule = of(events + line);
      events.setLength(0);
      // A file system may take A and a for one name.
      if (!names.add(rule.name.toLowerCase(Locale.ROOT))) {
        throw wrong(
            line, "another rule has the name " + rule.name + "; give one of them name=NAME");
      }
      rules.add(rule);
    }
    if (!events.isEmpty()) {
      throw wrong(
          events.substring(0, events.length() - 1), "no pattern of rooms and no URL follow");
    }
    return List.copyOf(rules);
  }

  private static boolean isEvent(String text) {
    return Arrays.stream(FeedEvent.Type.values()).anyMatch(type -> type.toString().equals(text));
  }

  private static WebhookRule of(String line) {
    List<String> words = Arrays.asList(line.split("\\s+", -1));
    if (words.size() < 3 || words.getFirst().contains("://")) {
      throw wrong(
          line,
          "write events, a pattern of rooms, and a URL, such as: joined,left orders.*"
              + " https://app.example.org/events");
    }
    Set<FeedEvent.Type> types = types(line, words.getFirst());
    String rooms = words.get(1);
    if (rooms.contains("://")) {
      throw wrong(line, "a pattern of rooms comes before the URL; * is all rooms");
    }
    URI url = BackEndClient.url(SETTING, words.get(2));
    String name = "";
    int batch = 100;
    Duration timeout = Duration.ofSeconds(10);
    for (String word : words.subList(3, words.size())) {
      String[] parts = word.split("=", 2);
      String value = parts.length == 2 ? parts[1] : "";
      switch (parts[0]) {
        case "name" -> name = name(line, value);
        case "batch" -> batch = batch(line, value);
        case "timeout" -> timeout = timeout(line, value);
        default ->
            throw wrong(line, "there is no '" + parts[0] + "'; there are batch, timeout, name");
      }
    }
    return new WebhookRule(
        name.isEmpty() ? digest(types, rooms, url) : name, types, rooms, url, batch, timeout);
  }

  private static Set<FeedEvent.Type> types(String line, String word) {
    if (word.equals(ALL)) {
      return EnumSet.allOf(FeedEvent.Type.class);
    }
    Set<FeedEvent.Type> types = EnumSet.noneOf(FeedEvent.Type.class);
    for (String each : word.split(",", -1)) {
      types.add(
          Arrays.stream(FeedEvent.Type.values())
              .filter(type -> type.toString().equals(each))
              .findFirst()
              .orElseThrow(
                  () ->
                      wrong(
                          line,
                          "there is no event '"
                              + each
                              + "'; there are "
                              + Arrays.stream(FeedEvent.Type.values())
                                  .map(FeedEvent.Type::toString)
                                  .collect(Collectors.joining(", "))
                              + ", and all")));
    }
    return types;
  }

  private static String name(String line, String value) {
    if (!NAME.matcher(value).matches()) {
      throw wrong(line, "name= takes 1 to 56 letters, digits, -, _ and .");
    }
    return value;
  }

  private static int batch(String line, String value) {
    int batch = BATCH.matcher(value).matches() ? Integer.parseInt(value) : 0;
    if (batch < 1 || batch > MOST_EVENTS) {
      throw wrong(line, "batch= takes a number of events from 1 to " + MOST_EVENTS);
    }
    return batch;
  }

  private static Duration timeout(String line, String value) {
    Optional<Duration> timeout = SettingText.duration(value, value);
    if (timeout.isEmpty() || !timeout.get().isPositive() || timeout.get().compareTo(LONGEST) > 0) {
      throw wrong(line, "timeout= takes a time above 0 and up to 1m, such as 10s");
    }
    return timeout.get();
  }

  private static IllegalArgumentException wrong(String line, String why) {
    return new IllegalArgumentException(
        SETTING + ": '" + BackEndClient.masked(line) + "': " + BackEndClient.masked(why));
  }

  /** The name of a rule that has none: the same as long as the rule sends the same. */
  private static String digest(Set<FeedEvent.Type> types, String rooms, URI url) {
    MessageDigest digest = Batch.sha256();
    String text = names(types) + " " + rooms + " " + url;
    return HexFormat.of().formatHex(digest.digest(text.getBytes(UTF_8)), 0, 6);
  }

  private static String names(Set<FeedEvent.Type> types) {
    return String.join(",", new TreeSet<>(types).stream().map(FeedEvent.Type::toString).toList());
  }

  Feed.Consumer consumer() {
    return new Feed.Consumer(PREFIX + name, types, List.of(rooms), batch);
  }

  /** The names of its events, in the order of their declaration. */
  List<String> events() {
    return new TreeSet<>(types).stream().map(FeedEvent.Type::toString).toList();
  }

  /** The URL without its query, which may have a secret. */
  String shownUrl() {
    String text = url.toString();
    int query = text.indexOf('?');
    return query < 0 ? text : text.substring(0, query) + "?***";
  }
}
