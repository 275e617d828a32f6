package io.earshot.config;

import io.earshot.protocol.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What holds for a room: who may do what there, how much it takes in and remembers, and what
 * becomes of those who do not keep up.
 *
 * <p>Immutable.
 *
 * @param join who may be in it
 * @param say who may say something there
 * @param listen who may hear it without being in it, or read what it told
 * @param announcementsUpTo the largest number of members that hear who comes and goes
 * @param messagesPerSecond how many messages clients may say there, or 0 for any number
 * @param messageBytes the longest message of a client, or 0 where the transport's limit is enough
 * @param historyMessages how many messages
 * @param historyBytes how many bytes of them
 * @param historyAge for how long, in milliseconds
 * @param slowConsumers what becomes of those who do not keep up
 * @param conflateBy the field of a message by whose values messages replace each other, or null
 *     where each replaces the one before
 */
public record RoomRule(
    Access join,
    Access say,
    Access listen,
    int announcementsUpTo,
    int messagesPerSecond,
    int messageBytes,
    int historyMessages,
    int historyBytes,
    long historyAge,
    SlowConsumers slowConsumers,
    @Nullable String conflateBy) {

  /** What names begin with that nobody comes to without a token, unless a rule says otherwise. */
  public static final String PRIVATE = "private.";

  private static final RoomRule NEUTRAL =
      new RoomRule(
          Access.Common.ANYONE,
          Access.Common.ANYONE,
          Access.Common.ANYONE,
          0,
          0,
          0,
          0,
          0,
          0,
          SlowConsumers.DISCONNECT,
          null);

  /** What becomes of clients that do not keep up. */
  public enum SlowConsumers {
    DISCONNECT,
    CONFLATE,
    DROP
  }

  /**
   * A rule as the configuration has it.
   *
   * @param text how it is written there
   * @param rooms the names that it is for
   * @param settings what it sets, each as {@code name=value}
   */
  public record Line(String text, Glob rooms, List<String> settings) {}

  /**
   * Reads one line of {@code rooms.rules}.
   *
   * @throws IllegalArgumentException if it is none; the message says what to write
   */
  public static Line parse(String line) {
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
    return new Line(line.strip(), new Glob(words.getFirst()), settings);
  }

  private static IllegalArgumentException wrong(String line, String why) {
    return new IllegalArgumentException("rooms.rules: '" + line + "': " + why);
  }

  /** The same with one setting changed, as {@code name=value}. */
  public RoomRule with(String setting) {
    int equals = setting.indexOf('=');
    String name = equals < 0 ? setting : setting.substring(0, equals);
    String value = equals < 0 ? "" : setting.substring(equals + 1);
    Change change = new Change(this);
    switch (name) {
      case "join" -> change.join = Access.parse(name, value);
      case "say" -> change.say = Access.parse(name, value);
      case "listen" -> change.listen = Access.parse(name, value);
      case "announcements" -> change.announcementsUpTo = announcements(value);
      case "messagesPerSecond" -> change.messagesPerSecond = number(name, value);
      case "messageBytes" -> change.messageBytes = number(name, value);
      case "historyMessages" -> change.historyMessages = number(name, value);
      case "historyBytes" -> change.historyBytes = number(name, value);
      case "historyAge" -> change.historyAge = time(name, value);
      case "slowConsumers" -> change.slowConsumers = slow(value);
      case "conflateBy" -> change.conflateBy = value;
      default ->
          throw new IllegalArgumentException(
              "there is no '"
                  + name
                  + "'; there are "
                  + String.join(", ", NEUTRAL.settings().keySet()));
    }
    return change.done();
  }

  /** A rule that is being changed. Owned by whoever made it. */
  private static final class Change {
    Access join;
    Access say;
    Access listen;
    int announcementsUpTo;
    int messagesPerSecond;
    int messageBytes;
    int historyMessages;
    int historyBytes;
    long historyAge;
    SlowConsumers slowConsumers;
    @Nullable String conflateBy;

    Change(RoomRule rule) {
      join = rule.join;
      say = rule.say;
      listen = rule.listen;
      announcementsUpTo = rule.announcementsUpTo;
      messagesPerSecond = rule.messagesPerSecond;
      messageBytes = rule.messageBytes;
      historyMessages = rule.historyMessages;
      historyBytes = rule.historyBytes;
      historyAge = rule.historyAge;
      slowConsumers = rule.slowConsumers;
      conflateBy = rule.conflateBy;
    }

    RoomRule done() {
      return new RoomRule(
          join,
          say,
          listen,
          announcementsUpTo,
          messagesPerSecond,
          messageBytes,
          historyMessages,
          historyBytes,
          historyAge,
          slowConsumers,
          conflateBy);
    }
  }

  /** All that it sets, by name, as it would be written. */
  public Map<String, String> settings() {
    var all = new LinkedHashMap<String, String>();
    all.put("join", word(join));
    all.put("say", word(say));
    all.put("listen", word(listen));
    all.put("announcements", announcementsUpTo == 0 ? "false" : String.valueOf(announcementsUpTo));
    all.put("messagesPerSecond", String.valueOf(messagesPerSecond));
    all.put("messageBytes", String.valueOf(messageBytes));
    all.put("historyMessages", String.valueOf(historyMessages));
    all.put("historyBytes", String.valueOf(historyBytes));
    all.put("historyAge", historyAge + "ms");
    all.put("slowConsumers", slowConsumers.name().toLowerCase(Locale.ROOT));
    all.put("conflateBy", conflateBy == null ? "" : conflateBy);
    return all;
  }

  private static String word(Access access) {
    return access instanceof Access.Common common
        ? common.name().toLowerCase(Locale.ROOT)
        : access.toString();
  }

  private static int announcements(String value) {
    return switch (value) {
      case "true" -> Integer.MAX_VALUE;
      case "false" -> 0;
      default -> number("announcements", value);
    };
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
    return SettingText.duration(value, value)
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

  /** The same, but that nobody comes to it without a token. */
  public RoomRule closed() {
    return with("join=token").with("say=token").with("listen=token");
  }

  /** How many messages clients may say at once. */
  public int messageBurst() {
    return 2 * Math.min(messagesPerSecond, Integer.MAX_VALUE / 2);
  }

  /** Whether messages may be left out for those who do not keep up. */
  public boolean mayLeaveOut() {
    return slowConsumers != SlowConsumers.DISCONNECT;
  }

  /** What a message replaces older ones of, for those who do not keep up; null if nothing. */
  public @Nullable String kind(Json message) {
    if (slowConsumers != SlowConsumers.CONFLATE) {
      return null;
    }
    Json field =
        conflateBy != null && message instanceof Json.Obj object ? object.get(conflateBy) : null;
    String text = field == null ? null : field.asText();
    return text == null ? "" : text;
  }
}
