package io.earshot.stats;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * The incidents of a server by kind and name: how many there were, and a detail of the last one.
 * The number of names is bounded, since clients choose some of them: while there are too many, new
 * names are left out. Whoever reads the incidents removes those that are over.
 *
 * <p>Thread-safe: a concurrent map of counters.
 */
public final class Incidents {
  /** What goes wrong with something that has a name, so that an operator can look at it. */
  public enum Incident {
    /** A room refuses messages of clients, since there are too many; the name is the room's. */
    ROOM_RATE,
    /** An action took longer than its time limit; the name is the action's. */
    SLOW_ACTION,
    /** An action failed; the name is the action's. */
    FAILED_ACTION,
    /** A hook took a second or longer, or as long as it may; the name is the hook's. */
    SLOW_HOOK,
    /** A hook failed, and the request was refused; the name is the hook's. */
    FAILED_HOOK,
    /** A request showed a wrong key of the admin API; the name is the client's address. */
    WRONG_KEY,
    /** A token of a room, or of a login, was refused; the name says which of the two. */
    TOKEN,
    /** A back end does not answer as it should; the name is the back end's, without secrets. */
    BACK_END,
    /** Events of the feed were dropped, or a consumer fails; the name is the consumer's. */
    FEED
  }

  /** How many names of one kind are kept. */
  static final int MOST_NAMES = 32;

  /** A longer detail is cut, in characters. */
  private static final int MOST_DETAIL = 200;

  private final ConcurrentHashMap<Key, Count> counts = new ConcurrentHashMap<>();

  private record Key(Incident kind, String name) {}

  /** The count of one kind and name. Thread-safe: an adder and a volatile field. */
  private static final class Count {
    final LongAdder sum = new LongAdder();
    volatile String detail = "";
  }

  /**
   * The incidents of one kind and name.
   *
   * @param kind the kind
   * @param name the name of the room, action or hook
   * @param count how many there were since the name was last removed
   * @param detail what is known of the last one; empty for nothing
   */
  public record Entry(Incident kind, String name, long count, String detail) {}

  /** No incidents. */
  public Incidents() {}

  /**
   * Adds an incident.
   *
   * @param kind the kind
   * @param name the name of the room, action or hook
   * @param detail what is known of it; empty for nothing
   */
  public void note(Incident kind, String name, String detail) {
    var key = new Key(kind, name);
    Count count = counts.get(key);
    if (count == null) {
      if (counts.keySet().stream().filter(each -> each.kind == kind).count() >= MOST_NAMES) {
        return;
      }
      count = counts.computeIfAbsent(key, ignored -> new Count());
    }
    count.sum.increment();
    count.detail =
        detail.length() > MOST_DETAIL ? detail.substring(0, MOST_DETAIL) + "\u2026" : detail;
  }

  /**
   * All incidents.
   *
   * @return a copy
   */
  public List<Entry> all() {
    var all = new ArrayList<Entry>();
    counts.forEach(
        (key, count) -> all.add(new Entry(key.kind, key.name, count.sum.sum(), count.detail)));
    return all;
  }

  /**
   * Removes the incidents of a name, which are over.
   *
   * @param kind the kind
   * @param name the name
   */
  public void remove(Incident kind, String name) {
    counts.remove(new Key(kind, name));
  }
}
