package io.earshot.moderation;

import io.earshot.Measure;
import io.earshot.Target;
import java.net.SocketAddress;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
  private record Held(TimedMeasure timed, long at) {
    Measure measure() {
      return timed.measure();
    }

    boolean holds(long now) {
      return timed.holds(now);
    }
  }

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

  synchronized boolean isFull(long now) {
    if (held.size() >= most) {
      forget(now);
    }
    return held.size() >= most;
  }

  /**
   * Adds a measure.
   *
   * @param left for how long it is in force from now on, in milliseconds
   * @param at its place in the log of the cluster, or 0
   * @return whether the measure is new
   */
  synchronized boolean add(Measure measure, long left, long at, long now) {
    if (over.contains(measure.id())) {
      return false;
    }
    Held known = held.remove(measure.id());
    if (known != null) {
      held.put(measure.id(), new Held(known.timed, Math.max(at, known.at)));
      return false;
    }
    if (left <= 0) {
      remember(measure.id());
      return true;
    }
    var timed = new TimedMeasure(measure, now + left);
    held.put(measure.id(), new Held(timed, at));
    Target target = measure.target();
    switch (measure.kind()) {
      case BAN -> bans.add(target(target), timed);
      case MUTE -> mutes.add(target(target), timed);
      case CLOSURE -> closures.add(String.valueOf(measure.room()), timed);
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
  synchronized @Nullable Measure lift(String id, long now) {
    remember(id);
    Held known = held.remove(id);
    if (known == null) {
      return null;
    }
    unlist(known.timed);
    return known.holds(now) ? known.measure() : null;
  }

  private void unlist(TimedMeasure timed) {
    Measure measure = timed.measure();
    switch (measure.kind()) {
      case BAN -> bans.remove(target(measure.target()), timed);
      case MUTE -> mutes.remove(target(measure.target()), timed);
      case CLOSURE -> closures.remove(String.valueOf(measure.room()), timed);
    }
  }

  /** Forgets the measures that have ended. */
  private void forget(long now) {
    held.values()
        .removeIf(
            each -> {
              boolean isOver = !each.holds(now);
              if (isOver) {
                unlist(each.timed);
              }
              return isOver;
            });
  }

  /** The measures of a kind that are in force. */
  synchronized List<Measure> all(Measure.Kind kind, long now) {
    forget(now);
    return held.values().stream().map(Held::measure).filter(each -> each.kind() == kind).toList();
  }

  synchronized @Nullable Measure find(String id, long now) {
    Held known = held.get(id);
    return known == null || !known.holds(now) ? null : known.measure();
  }

  /** For how long a measure is in force from now on, in milliseconds; 0 if it is not. */
  synchronized long left(String id, long now) {
    Held known = held.get(id);
    return known == null ? 0 : Math.max(0, known.timed.end() - now);
  }

  /** The measures whose last place in the log of the cluster is before a place, oldest first. */
  synchronized List<Measure> publishedBefore(long place, int limit, long now) {
    return held.values().stream()
        .takeWhile(each -> each.at < place)
        .filter(each -> each.holds(now))
        .map(Held::measure)
        .limit(limit)
        .toList();
  }

  /** All measures in force, for a log of the cluster that is empty again. */
  synchronized List<Measure> allForEmptyLog(long now) {
    forget(now);
    held.replaceAll((ignored, each) -> new Held(each.timed, 0));
    return held.values().stream().map(Held::measure).toList();
  }

  // --- lookups by all loops --------------------------------------------------------------------

  /** The ban of a client; null for none. */
  @Nullable Measure ban(String id, SocketAddress from, Map<String, String> attributes, long now) {
    return bans.isEmpty()
        ? null
        : measure(bans.find(id, from, attributes, each -> each.holds(now)));
  }

  /** The mute of a client in a room; null for none. */
  @Nullable Measure mute(
      String id, SocketAddress from, Map<String, String> attributes, String room, long now) {
    return mutes.isEmpty()
        ? null
        : measure(
            mutes.find(
                id,
                from,
                attributes,
                each -> {
                  String where = each.measure().room();
                  return (where == null || where.equals(room)) && each.holds(now);
                }));
  }

  private static @Nullable Measure measure(@Nullable TimedMeasure found) {
    return found == null ? null : found.measure();
  }

  /** The closure of a room; null for none. */
  @Nullable Measure closure(String room, long now) {
    for (TimedMeasure each : closures.of(room)) {
      if (each.holds(now)) {
        return each.measure();
      }
    }
    return null;
  }
}
