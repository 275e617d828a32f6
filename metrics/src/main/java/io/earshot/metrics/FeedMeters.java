package io.earshot.metrics;

import io.earshot.stats.ServerState.ConsumerState;
import io.micrometer.core.instrument.Tags;

/** The events that wait for consumers of the feed. */
final class FeedMeters {
  private FeedMeters() {}

  static void addTo(Meters meters) {
    meters.gauge(
        "feed.waiting.events",
        "Events that the consumer of the feed with the most of them has not dealt with.",
        ignored ->
            meters.state().feed().consumers().stream()
                .mapToLong(ConsumerState::waiting)
                .max()
                .orElse(0));
    meters.seconds(
        "feed.delay",
        "How long ago the oldest event happened that a consumer of the feed is dealing with.",
        Tags.empty(),
        ignored ->
            meters.state().feed().consumers().stream()
                    .mapToLong(ConsumerState::delay)
                    .max()
                    .orElse(0)
                / 1e3);
    meters.counter(
        "feed.dropped.events",
        "Events that were dropped on this server, since too many waited.",
        Tags.empty(),
        ignored -> meters.state().feed().dropped());
    if (meters.server().state().cluster() != null) {
      meters.gauge(
          "feed.unsent.events",
          "Events that wait on this server for Redis.",
          ignored -> meters.state().feed().unsent());
    }
  }
}
