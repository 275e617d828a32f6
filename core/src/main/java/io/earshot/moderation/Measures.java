package io.earshot.moderation;

import io.earshot.Measure;
import io.earshot.Target;
import java.net.SocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The measures that hold. In whatever order they become known, with whatever lifts them, the same
 * hold in the end: what was lifted once never holds again.
 *
 * <p>Thread-safe: changed under its lock, and looked at without.
 */
public final class Measures {
  /** The most that may hold, and what is remembered of others is a multiple of. */
  private final int most;

  private final MeasureIndex bans = new MeasureIndex();
  private final MeasureIndex mutes = new MeasureIndex();
  private final Map<String, List<Measure>> closures = new ConcurrentHashMap<>();

  /** All that hold; whose place in the log of the cluster is the oldest comes first. */
  private final Map<String, Held> held = new LinkedHashMap<>();

  /** What was lifted, or done once and for all. */
  private final Set<String> over = new LinkedHashSet<>();

  /** A measure, and where in the log of the cluster it was told last; 0 for nowhere. */
  private record Held(Measure measure, long at) {}

  Measures(int most) {
    this.most = most;
  }

  /** How many facts a log has to remember so that whoever reads it knows all that holds. */
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
   * Takes in a measure.
   *
   * @param at where it was told, or 0
   * @return whether it was not known
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
      case CLOSURE ->
          closures.merge(
              String.valueOf(measure.room()),
              List.of(measure),
              (some, more) -> {
                var both = new ArrayList<Measure>(some);
                both.addAll(more);
                return List.copyOf(both);
              });
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

  /** Ends a measure, now or as soon as it becomes known; null if it is not known to hold. */
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
      case CLOSURE ->
          closures.computeIfPresent(
              String.valueOf(measure.room()),
              (_, some) -> {
                List<Measure> rest = some.stream().filter(each -> !each.equals(measure)).toList();
                return rest.isEmpty() ? null : rest;
              });
    }
  }

  /** Forgets what holds no more. */
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

  /** All of a kind that hold now. */
  synchronized List<Measure> all(Measure.Kind kind, Instant now) {
    forget(now);
    return held.values().stream().map(Held::measure).filter(each -> each.kind() == kind).toList();
  }

  synchronized @Nullable Measure find(String id, Instant now) {
    Held known = held.get(id);
    return known == null || !known.measure.holds(now) ? null : known.measure;
  }

  /** Those that were told longest ago in the log of the cluster, before a place. */
  synchronized List<Measure> toldBefore(long place, int limit, Instant now) {
    return held.values().stream()
        .takeWhile(each -> each.at < place)
        .map(Held::measure)
        .filter(each -> each.holds(now))
        .limit(limit)
        .toList();
  }

  /** The log of the cluster begins anew, and has none of them. */
  synchronized List<Measure> untold(Instant now) {
    forget(now);
    held.replaceAll((_, each) -> new Held(each.measure, 0));
    return held.values().stream().map(Held::measure).toList();
  }

  // --- looked at by all loops ------------------------------------------------------------------

  /**
   * The ban of somebody.
   *
   * @param attributes what is said of them
   */
  @Nullable Measure ban(
      String id, SocketAddress from, Map<String, String> attributes, Instant now) {
    return bans.isEmpty() ? null : bans.find(id, from, attributes, each -> each.holds(now));
  }

  @Nullable Measure mute(
      String id, SocketAddress from, Map<String, String> attributes, String room, Instant now) {
    Predicate<Measure> isHere = each -> each.room() == null || each.room().equals(room);
    return mutes.isEmpty()
        ? null
        : mutes.find(id, from, attributes, isHere.and(each -> each.holds(now)));
  }

  @Nullable Measure closure(String room, Instant now) {
    for (Measure each : closures.getOrDefault(room, List.of())) {
      if (each.holds(now)) {
        return each;
      }
    }
    return null;
  }
}
