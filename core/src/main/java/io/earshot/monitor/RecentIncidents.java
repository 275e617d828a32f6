package io.earshot.monitor;

import io.earshot.stats.Incidents;
import io.earshot.stats.Incidents.Incident;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * Which incidents are recent: those that happened again within the last minute. Looks at the counts
 * every second, so that counting needs no clock.
 *
 * <p>Owned by {@link Monitor}, under its lock.
 */
final class RecentIncidents {
  /** After so long without an incident its series is over, in milliseconds. */
  static final long OVER = 60_000;

  private final Incidents incidents;
  private final Map<Key, Series> series = new HashMap<>();

  private record Key(Incident kind, String name) {}

  /** Incidents of one kind and name, each within a minute of the one before. */
  private record Series(long last, Incidents.Entry entry) {}

  RecentIncidents(Incidents incidents) {
    this.incidents = incidents;
  }

  /** Takes note of what has happened since the last look. */
  void look(long now) {
    for (Incidents.Entry entry : incidents.all()) {
      var key = new Key(entry.kind(), entry.name());
      Series known = series.get(key);
      if (known == null || known.entry.count() != entry.count()) {
        series.put(key, new Series(now, entry));
      } else if (now - known.last >= OVER) {
        series.remove(key);
        incidents.remove(entry.kind(), entry.name());
      }
    }
  }

  /** The incidents that are not over, the most frequent first. */
  List<Incidents.Entry> all() {
    var all = new ArrayList<Incidents.Entry>();
    series.values().forEach(each -> all.add(each.entry));
    ToLongFunction<Incidents.Entry> count = Incidents.Entry::count;
    all.sort((a, b) -> Long.compare(count.applyAsLong(b), count.applyAsLong(a)));
    return all;
  }
}
