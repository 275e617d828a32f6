package io.earshot.feed.log;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.config.Glob;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which events some consumers want.
 *
 * <p>Immutable.
 */
public final class Interest {
  /** No events. */
  public static final Interest NONE = new Interest(Map.of());

  /** The patterns of the names of rooms, by type; without types that nobody wants. */
  private final Map<FeedEvent.Type, List<Glob>> rooms;

  private Interest(Map<FeedEvent.Type, List<Glob>> rooms) {
    this.rooms = rooms;
  }

  /** What consumers want together. */
  public static Interest of(Collection<Feed.Consumer> consumers) {
    var rooms = new EnumMap<FeedEvent.Type, List<Glob>>(FeedEvent.Type.class);
    for (Feed.Consumer each : consumers) {
      for (FeedEvent.Type type : each.types()) {
        List<Glob> patterns = rooms.computeIfAbsent(type, ignored -> new ArrayList<>());
        each.rooms().stream().map(Glob::new).forEach(patterns::add);
      }
    }
    return rooms.isEmpty() ? NONE : new Interest(rooms);
  }

  /** Whether somebody wants events of a type, in any room. */
  public boolean wants(FeedEvent.Type type) {
    return rooms.containsKey(type);
  }

  /**
   * Whether somebody wants an event.
   *
   * @param room the room; null for an event without one, which matches each pattern
   */
  public boolean wants(FeedEvent.Type type, @Nullable String room) {
    List<Glob> patterns = rooms.get(type);
    return patterns != null
        && (room == null || patterns.stream().anyMatch(each -> each.matches(room)));
  }
}
