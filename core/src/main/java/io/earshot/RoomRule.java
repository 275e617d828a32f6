package io.earshot;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What holds for a room: how much it remembers.
 *
 * <p>Immutable.
 *
 * @param historyMessages how many messages
 * @param historyBytes how many bytes of them
 * @param historyAge for how long, in milliseconds
 */
record RoomRule(int historyMessages, int historyBytes, long historyAge) {

  /** A rule as the configuration has it. */
  record Line(Pattern rooms, List<String> settings) {}

  /**
   * Reads one line of {@code rooms.rules}.
   *
   * @throws IllegalArgumentException if it is none; the message says what to write
   */
  static Line parse(String line) {
    String[] words = line.strip().split("\\s+", -1);
    if (words.length < 2) {
      throw wrong(line, "write a pattern and settings, such as: prices.* historyMessages=1");
    }
    var settings = new ArrayList<String>();
    var neutral = new RoomRule(0, 0, 0);
    for (int i = 1; i < words.length; i++) {
      try {
        neutral.with(words[i]);
      } catch (IllegalArgumentException e) {
        throw wrong(line, String.valueOf(e.getMessage()));
      }
      settings.add(words[i]);
    }
    String[] parts = words[0].split("\\*", -1);
    for (int i = 0; i < parts.length; i++) {
      parts[i] = Pattern.quote(parts[i]);
    }
    return new Line(Pattern.compile(String.join(".*", parts), Pattern.DOTALL), settings);
  }

  private static IllegalArgumentException wrong(String line, String why) {
    return new IllegalArgumentException("rooms.rules: '" + line + "': " + why);
  }

  /** The same with one setting changed, as {@code name=value}. */
  RoomRule with(String setting) {
    int equals = setting.indexOf('=');
    String name = equals < 0 ? setting : setting.substring(0, equals);
    String value = equals < 0 ? "" : setting.substring(equals + 1);
    return switch (name) {
      case "historyMessages" -> new RoomRule(number(name, value), historyBytes, historyAge);
      case "historyBytes" -> new RoomRule(historyMessages, number(name, value), historyAge);
      case "historyAge" -> new RoomRule(historyMessages, historyBytes, time(name, value));
      default ->
          throw new IllegalArgumentException(
              "there is no '" + name + "'; there are historyMessages, historyBytes, historyAge");
    };
  }

  private static long time(String name, String value) {
    return ConfigTree.duration(value, value)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    name + " must be a time such as 30s, not '" + value + "'"))
        .toMillis();
  }

  private static int number(String name, String value) {
    try {
      int number = Integer.parseInt(value);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // As wrong as a negative one.
    }
    throw new IllegalArgumentException(name + " must be a number, 0 or more, not '" + value + "'");
  }

  /** What holds for rooms that no rule is about. */
  static RoomRule of(Config.Rooms settings) {
    Duration age = settings.historyAge();
    return new RoomRule(settings.historyMessages(), settings.historyBytes(), age.toMillis());
  }
}
