package io.earshot;

import java.util.List;

/**
 * Which rule holds for which room: the first whose pattern matches, over what holds for all.
 *
 * <p>Immutable.
 */
final class RoomRules {
  private final RoomRule others;
  private final List<RoomRule.Line> lines;

  RoomRules(Config.Rooms settings) {
    others = RoomRule.of(settings);
    lines = settings.rules().stream().map(RoomRule::parse).toList();
  }

  RoomRule of(String room) {
    for (RoomRule.Line line : lines) {
      if (line.rooms().matcher(room).matches()) {
        RoomRule rule = others;
        for (String setting : line.settings()) {
          rule = rule.with(setting);
        }
        return rule;
      }
    }
    return others;
  }
}
