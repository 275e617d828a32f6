package io.earshot.backend.hook;

import io.earshot.backend.http.BackEndClient;
import io.earshot.config.Glob;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * A rule of {@code hooks.http}: which back end decides about what.
 *
 * <p>Immutable.
 *
 * @param events what it decides about
 * @param names the pattern of rooms, or the names of actions, as the setting has it
 * @param url where requests go
 * @param timeout how long a request may take
 * @param running the most requests under way
 * @param allowsWhenAway the decision when the back end does not answer as it should
 * @param params the params of the actions, which HTTP clients can send
 */
record Rule(
    Set<Event> events,
    String names,
    URI url,
    Duration timeout,
    int running,
    boolean allowsWhenAway,
    List<String> params) {

  Rule {
    params = List.copyOf(params);
  }

  boolean isFor(String room) {
    return new Glob(names).matches(room);
  }

  /** The actions that the back end serves; none for a rule about other events. */
  List<String> actions() {
    return events.contains(Event.ACTION) ? List.of(names.split(",", -1)) : List.of();
  }

  /** The name in logs and metrics, without what may be secret. */
  String name() {
    return String.join(",", events.stream().sorted().map(Event::toString).toList())
        + " "
        + names
        + " "
        + BackEndClient.shown(url);
  }
}
