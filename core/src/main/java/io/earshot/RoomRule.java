package io.earshot;

import io.earshot.Config.SlowConsumers;
import io.earshot.protocol.Json;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What holds for a room: how much it remembers, and what becomes of those who do not keep up.
 *
 * <p>Immutable.
 *
 * @param historyMessages how many messages
 * @param historyBytes how many bytes of them
 * @param historyAge for how long, in milliseconds
 * @param slowConsumers what becomes of those who do not keep up
 * @param conflateBy the field of a message by whose values messages replace each other, or null
 *     where each replaces the one before
 */
record RoomRule(
    int historyMessages,
    int historyBytes,
    long historyAge,
    SlowConsumers slowConsumers,
    @Nullable String conflateBy) {

  private static final RoomRule NEUTRAL = new RoomRule(0, 0, 0, SlowConsumers.DISCONNECT, null);

  /**
   * A rule as the configuration has it.
   *
   * @param rooms the names that it is for
   * @param settings what it sets, each as {@code name=value}
   */
  record Line(Pattern rooms, List<String> settings) {}

  /**
   * Reads one line of {@code rooms.rules}.
   *
   * @throws IllegalArgumentException if it is none; the message says what to write
   */
  static Line parse(String line) {
    List<String> words = Arrays.asList(line.strip().split("\\s+", -1));
    List<String> settings = words.subList(1, words.size());
    if (settings.isEmpty()) {
      throw wrong(line, "write a pattern and settings, such as: prices.* historyMessages=1");
    }
    try {
      settings.forEach(NEUTRAL::with);
    } catch (IllegalArgumentException e) {
      throw wrong(line, String.valueOf(e.getMessage()));
    }
    String[] parts = words.getFirst().split("\\*", -1);
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
    int messages = historyMessages;
    int bytes = historyBytes;
    long age = historyAge;
    SlowConsumers slow = slowConsumers;
    String by = conflateBy;
    switch (name) {
      case "historyMessages" -> messages = number(name, value);
      case "historyBytes" -> bytes = number(name, value);
      case "historyAge" -> age = time(name, value);
      case "slowConsumers" -> slow = slow(value);
      case "conflateBy" -> by = value;
      default ->
          throw new IllegalArgumentException(
              "there is no '"
                  + name
                  + "'; there are historyMessages, historyBytes, historyAge, slowConsumers, conflateBy");
    }
    return new RoomRule(messages, bytes, age, slow, by);
  }

  private static SlowConsumers slow(String value) {
    for (SlowConsumers each : SlowConsumers.values()) {
      if (each.name().equalsIgnoreCase(value)) {
        return each;
      }
    }
    throw new IllegalArgumentException(
        "slowConsumers must be one of "
            + Arrays.toString(SlowConsumers.values()).toLowerCase(Locale.ROOT)
            + ", not '"
            + value
            + "'");
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
    return new RoomRule(
        settings.historyMessages(),
        settings.historyBytes(),
        settings.historyAge().toMillis(),
        settings.slowConsumers(),
        null);
  }

  /** Whether messages may be left out for those who do not keep up. */
  boolean mayLeaveOut() {
    return slowConsumers != SlowConsumers.DISCONNECT;
  }

  /** What a message replaces older ones of, for those who do not keep up; null if nothing. */
  @Nullable String kind(Json message) {
    if (slowConsumers != SlowConsumers.CONFLATE) {
      return null;
    }
    Json field =
        conflateBy != null && message instanceof Json.Obj object ? object.get(conflateBy) : null;
    String text = field == null ? null : field.asText();
    return text == null ? "" : text;
  }
}
