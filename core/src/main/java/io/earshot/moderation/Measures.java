package io.earshot.moderation;

import io.earshot.Measure;
import io.earshot.Target;
import java.net.SocketAddress;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The measures in force. Measures and their ends may become known in any order, with the same
 * result: a measure that was lifted once never comes into force again.
 *
 * <p>Thread-safe: changed under its lock, and read without it.
 */
public final class Measures {
  /** How many may be in force. */
  private final int most;

  private final MeasureIndex bans = new MeasureIndex();
  private final MeasureIndex mutes = new MeasureIndex();
  private final MeasureMap<String> closures = new MeasureMap<>();

  /** All measures in force by id, in the order of their places in the log of the cluster. */
  private final Map<String, Held> held = new LinkedHashMap<>();

  /** The ids of measures that were lifted, or had ended when they became known. */
  private final Set<String> over = new LinkedHashSet<>();

  /** A measure, and its last place in the log of the cluster; 0 for none. */
  private record Held(Measure measure, long at) {}

  Measures(int most) {
    this.most = most;
  }

  /** How many facts the log of a cluster keeps, so that it has all measures in force. */
  public static int remembered(int most) {
    return 4 * Math.max(1_000, most);
  }

  boolean hasBans() {
    return !bans.isEmpty();
  }

  boolean hasMutes() {
    return !mutes.isEmpty();
  }

  boolean isEmpty() {
    return bans.isEmpty() && mutes.isEmpty() && closures.isEmpty();
  }

  synchronized boolean isFull(Instant now) {
    if (held.size() >= most) {
      forget(now);
    }
    return held.size() >= most;
  }

  /**
   * Adds a measure.
   *
   * @param at its place in the log of the cluster, or 0
   * @return whether the measure is new
   */
  synchronized boolean add(Measure measure, long at, Instant now) {
    if (over.contains(measure.id())) {
      return false;
    }
    Held known = held.remove(measure.id());
    if (known != null) {
      held.put(measure.id(), new Held(known.measure, Math.max(at, known.at)));
      return false;
    }
    if (!measure.holds(now)) {
      remember(measure.id());
      return true;
    }
    held.put(measure.id(), new Held(measure, at));
    Target target = measure.target();
    switch (measure.kind()) {
      case BAN -> bans.add(target(target), measure);
      case MUTE -> mutes.add(target(target), measure);
      case CLOSURE -> closures.add(String.valueOf(measure.room()), measure);
    }
    return true;
  }

  private static Target target(@Nullable Target target) {
    if (target == null) {
      throw new IllegalStateException("a ban or mute has a target");
    }
    return target;
  }

  private void remember(String id) {
    over.add(id);
    if (over.size() > remembered(most)) {
      over.remove(over.iterator().next());
    }
  }

  /**
   * Lifts a measure, also one that becomes known only later.
   *
   * @return the measure, or null if it is not in force
   */
  synchronized @Nullable Measure lift(String id, Instant now) {
    remember(id);
    Held known = held.remove(id);
    if (known == null) {
      return null;
    }
    unlist(known.measure);
    return known.measure.holds(now) ? known.measure : null;
  }

  private void unlist(Measure measure) {
    switch (measure.kind()) {
      case BAN -> bans.remove(target(measure.target()), measure);
      case MUTE -> mutes.remove(target(measure.target()), measure);
      case CLOSURE -> closures.remove(String.valueOf(measure.room()), measure);
    }
  }

  /** Forgets the measures that have ended. */
  private void forget(Instant now) {
    held.values()
        .removeIf(
            each -> {
              boolean isOver = !each.measure.holds(now);
              if (isOver) {
                unlist(each.measure);
              }
              return isOver;
            });
  }

  /** The measures of a kind that are in force. */
  synchronized List<Measure> all(Measure.Kind kind, Instant now) {
    forget(now);
    return held.values().stream().map(Held::measure).filter(each -> each.kind() == kind).toList();
  }

  synchronized @Nullable Measure find(String id, Instant now) {
    Held known = held.get(id);
    return known == null || !known.measure.holds(now) ? null : known.measure;
  }

  /** The measures whose last place in the log of the cluster is before a place, oldest first. */
  synchronized List<Measure> publishedBefore(long place, int limit, Instant now) {
    return held.values().stream()
        .takeWhile(each -> each.at < place)
        .map(Held::measure)
        .filter(each -> each.holds(now))
        .limit(limit)
        .toList();
  }

  /** All measures in force, for a log of the cluster that is empty again. */
  synchronized List<Measure> allForEmptyLog(Instant now) {
    forget(now);
    held.replaceAll((_, each) -> new Held(each.measure, 0));
    return held.values().stream().map(Held::measure).toList();
  }

  // --- lookups by all loops --------------------------------------------------------------------

  /** The ban of a client; null for none. */
  @Nullable Measure ban(
      String id, SocketAddress from, Map<String, String> attributes, Instant now) {
    return bans.isEmpty() ? null : bans.find(id, from, attributes, each -> each.holds(now));
  }

  /** The mute of a client in a room; null for none. */
  @Nullable Measure mute(
      String id, SocketAddress from, Map<String, String> attributes, String room, Instant now) {
    Predicate<Measure> isHere = each -> each.room() == null || each.room().equals(room);
    return mutes.isEmpty()
        ? null
        : mutes.find(id, from, attributes, isHere.and(each -> each.holds(now)));
  }

  /** The closure of a room; null for none. */
  @Nullable Measure closure(String room, Instant now) {
    for (Measure each : closures.of(room)) {
      if (each.holds(now)) {
        return each;
      }
    }
    return null;
  }
}
