package io.earshot.access;

import io.earshot.Config;
import io.earshot.config.Access;
import io.earshot.config.RoomRule;
import io.earshot.protocol.RoomName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the rule of a room: the first line of {@code rooms.rules} whose pattern matches, applied to
 * the settings for all rooms. For the inbox of a user only lines count whose pattern begins with
 * {@code @}.
 *
 * <p>Immutable.
 */
public final class RoomRules {
  private final RoomRule open;
  private final RoomRule closed;
  private final List<RoomRule.Line> lines;

  public RoomRules(Config.Rooms settings) {
    open = open(settings);
    closed = open.closed();
    lines = settings.rules().stream().map(RoomRule::parse).toList();
  }

  /** The rule of rooms that no line matches. */
  private static RoomRule open(Config.Rooms settings) {
    return new RoomRule(
        Access.Common.ANYONE,
        Access.Common.ANYONE,
        null,
        Access.Common.ANYONE,
        settings.announcements() ? settings.announcementsUpTo() : 0,
        settings.messagesPerSecond(),
        settings.messageBytes(),
        settings.historyMessages(),
        settings.historyBytes(),
        settings.historyAge().toMillis(),
        RoomRule.SlowConsumers.valueOf(settings.slowConsumers().name()),
        null);
  }

  /** The rule of a room. */
  public RoomRule of(String room) {
    boolean isInbox = RoomName.isInbox(room);
    RoomRule rule = isInbox ? open.with("say=nobody") : isPrivate(room) ? closed : open;
    RoomRule.Line line = line(room);
    if (line != null) {
      for (String setting : line.settings()) {
        rule = rule.with(setting);
      }
    }
    return isInbox ? rule.inbox() : rule;
  }

  private static boolean isPrivate(String room) {
    return room.startsWith(RoomRule.PRIVATE);
  }

  private RoomRule.@Nullable Line line(String room) {
    for (RoomRule.Line line : lines) {
      if (matches(line, room)) {
        return line;
      }
    }
    return null;
  }

  private static boolean matches(RoomRule.Line line, String room) {
    return line.rooms().matches(room)
        && (!RoomName.isInbox(room) || RoomName.isInbox(line.rooms().pattern()));
  }

  /** Explains the rule of a room as text: a line for each setting, with its origin. */
  public List<String> explained(String room) {
    var text = new ArrayList<String>();
    RoomRule.Line counts = line(room);
    for (RoomRule.Line line : lines) {
      boolean matches = matches(line, room);
      String why =
          line == counts
              ? "applies"
              : matches ? "matches, but an earlier rule applies" : "does not match";
      text.add("# rooms.rules: " + line.text() + "  (" + why + ")");
    }
    if (counts == null) {
      text.add("# no rule of rooms.rules matches");
    }
    if (RoomName.isInbox(room)) {
      text.add("# an inbox: only the user listens, and only rules that name it apply");
    }
    if (isPrivate(room)) {
      text.add("# rooms whose names begin with " + RoomRule.PRIVATE + " require a token");
    }
    for (Map.Entry<String, String> each : of(room).settings().entrySet()) {
      text.add(
          each.getKey() + "=" + each.getValue() + "  # " + origin(room, each.getKey(), counts));
    }
    return text;
  }

  private static String origin(String room, String setting, RoomRule.@Nullable Line counts) {
    if (RoomName.isInbox(room) && (setting.equals("join") || setting.equals("listen"))) {
      return "an inbox";
    }
    if (counts != null
        && counts.settings().stream().anyMatch(each -> each.startsWith(setting + "="))) {
      return "the rule";
    }
    return switch (setting) {
      case "join", "say", "listen" ->
          RoomName.isInbox(room) ? "an inbox" : isPrivate(room) ? "a private name" : "the default";
      case "conflateBy", "signal" -> "the default";
      default -> "rooms." + setting;
    };
  }
}
