package io.earshot.config;

import io.earshot.protocol.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one room: access, rates, history, and the treatment of slow consumers. It also
 * has the grammar of a line of {@code rooms.rules}.
 *
 * <p>Immutable.
 *
 * @param join the clients that may be members
 * @param say the clients that may send messages
 * @param signal the clients that may send signals; null for those that may send messages
 * @param listen the clients that may listen without being members, or read the history
 * @param announcementsUpTo joins and leaves are announced in rooms of at most so many members
 * @param messagesPerSecond how many messages a second clients may say, or 0 for no limit
 * @param messageBytes the longest message of a client in bytes, or 0 for the transport's limit
 * @param historyMessages how many messages the history keeps
 * @param historyBytes how many bytes of messages the history keeps
 * @param historyAge how long the history keeps a message, in milliseconds
 * @param slowConsumers the treatment of slow consumers
 * @param conflateBy the field of a message that conflation goes by: a newer message replaces an
 *     older one with the same value; or null, where it replaces any older one
 */
public record RoomRule(
    Access join,
    Access say,
    @Nullable Access signal,
    Access listen,
    int announcementsUpTo,
    int messagesPerSecond,
    int messageBytes,
    int historyMessages,
    int historyBytes,
    long historyAge,
    SlowConsumers slowConsumers,
    @Nullable String conflateBy) {

  /** The prefix of the names of private rooms, which require a token unless a rule differs. */
  public static final String PRIVATE = "private.";

  private static final RoomRule NEUTRAL =
      new RoomRule(
          Access.Common.ANYONE,
          Access.Common.ANYONE,
          null,
          Access.Common.ANYONE,
          0,
          0,
          0,
          0,
          0,
          0,
          SlowConsumers.DISCONNECT,
          null);

  /** The treatment of slow consumers; the same as the API's setting of this name. */
  public enum SlowConsumers {
    DISCONNECT,
    CONFLATE,
    DROP
  }

  /**
   * A line of {@code rooms.rules}.
   *
   * @param text the line itself
   * @param rooms the pattern of room names
   * @param settings the settings, each as {@code name=value}
   */
  public record Line(String text, Glob rooms, List<String> settings) {}

  /**
   * Reads one line of {@code rooms.rules}.
   *
   * @throws IllegalArgumentException if it is not a rule; the message says what to write
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

  /**
   * A copy with one setting changed.
   *
   * @param setting the setting as {@code name=value}
   * @throws IllegalArgumentException if there is no such setting, or the value does not fit
   */
  public RoomRule with(String setting) {
    int equals = setting.indexOf('=');
    String name = equals < 0 ? setting : setting.substring(0, equals);
    String value = equals < 0 ? "" : setting.substring(equals + 1);
    Change change = new Change(this);
    switch (name) {
      case "join" -> change.join = Access.parse(name, value);
      case "say" -> change.say = Access.parse(name, value);
      case "signal" -> change.signal = value.equals("say") ? null : Access.parse(name, value);
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

  /** A rule under change. Owned by the thread that made it. */
  private static final class Change {
    Access join;
    Access say;
    @Nullable Access signal;
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
      signal = rule.signal;
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
          signal,
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

  /** All settings by name, as a rule has them. */
  public Map<String, String> settings() {
    var all = new LinkedHashMap<String, String>();
    all.put("join", word(join));
    all.put("say", word(say));
    all.put("signal", signal == null ? "say" : word(signal));
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
      // refused below, like a negative number
    }
    throw new IllegalArgumentException(name + " must be a number, 0 or more, not '" + value + "'");
  }

  /** A copy that requires a token for everything. */
  public RoomRule closed() {
    return with("join=token").with("say=token").with("listen=token");
  }

  /** A copy for inboxes: the user listens, and server code sends. */
  public RoomRule inbox() {
    Change change = new Change(this);
    change.join = Access.Common.NOBODY;
    change.listen = Access.Common.OWNER;
    return change.done();
  }

  /** Whether the room is the inbox of a user. */
  public boolean isInbox() {
    return listen == Access.Common.OWNER;
  }

  /** The clients that may send signals. */
  public Access maySignal() {
    return signal == null ? say : signal;
  }

  /** How many messages clients may say at once after a pause. */
  public int messageBurst() {
    return 2 * Math.min(messagesPerSecond, Integer.MAX_VALUE / 2);
  }

  /** Whether the server may leave out messages for a slow consumer. */
  public boolean mayLeaveOut() {
    return slowConsumers != SlowConsumers.DISCONNECT;
  }

  /**
   * The kind of a message. For a slow consumer it replaces older messages of the same kind.
   *
   * @return the kind, or null where messages do not replace each other
   */
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
