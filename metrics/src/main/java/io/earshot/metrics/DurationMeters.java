package io.earshot.metrics;

import io.earshot.stats.RunOutcome;
import io.earshot.stats.StatsListener;
import io.earshot.stats.Work;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Histograms of what takes time: from a say to its deliveries, hooks, actions, and Redis.
 *
 * <p>Thread-safe: timers, and a concurrent map.
 */
final class DurationMeters implements StatsListener {
  /** How many actions have a name of their own among the metrics. */
  static final int MOST_ACTIONS = 50;

  /** The name of all further actions. */
  private static final String OTHER = "other";

  private static final Duration[] SAY =
      micros(
          100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
          1_000_000, 2_500_000);

  private static final Duration[] REDIS =
      micros(
          250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
          1_000_000, 2_500_000);

  private static final Duration[] WORK =
      micros(
          1_000,
          5_000,
          10_000,
          25_000,
          50_000,
          100_000,
          250_000,
          500_000,
          1_000_000,
          2_500_000,
          5_000_000,
          10_000_000,
          30_000_000);

  private final Meters meters;
  private final Timer delivered;
  private final @Nullable Timer roundTrip;
  private final Map<Run, Timer> runs = new ConcurrentHashMap<>();

  /** The actions that have a name among the metrics. */
  private final Map<String, String> actions = new ConcurrentHashMap<>();

  private record Run(Work work, String name, RunOutcome outcome) {}

  DurationMeters(Meters meters) {
    this.meters = meters;
    this.delivered =
        meters.timer(
            "say.to.deliver",
            "The time from a say to its deliveries on one event loop; of one say in 64, and in a"
                + " cluster of those of this server's clients.",
            Tags.empty(),
            SAY);
    this.roundTrip =
        meters.server().state().cluster() == null
            ? null
            : meters.timer(
                "redis.round.trip",
                "The time that Redis takes to answer the renewal of this server's lease.",
                Tags.empty(),
                REDIS);
  }

  @Override
  public void delivered(long nanos) {
    delivered.record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void brokerAnswered(long nanos) {
    if (roundTrip != null) {
      roundTrip.record(nanos, TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void ran(Work work, String name, RunOutcome outcome, long nanos) {
    String known = work == Work.ACTION ? known(name) : "";
    runs.computeIfAbsent(new Run(work, known, outcome), this::timer)
        .record(nanos, TimeUnit.NANOSECONDS);
  }

  /** The name of an action among the metrics. Only an action that is registered has run. */
  private String known(String name) {
    String known = actions.get(name);
    if (known != null) {
      return known;
    }
    synchronized (actions) {
      return actions.size() < MOST_ACTIONS
          ? actions.computeIfAbsent(name, ignored -> name)
          : actions.getOrDefault(name, OTHER);
    }
  }

  private Timer timer(Run run) {
    String outcome = Label.of(run.outcome);
    return run.work == Work.ACTION
        ? meters.timer(
            "action.duration",
            "How long actions took.",
            Tags.of("action", run.name, "outcome", outcome),
            WORK)
        : meters.timer(
            "hook.duration",
            "How long hooks took.",
            Tags.of("hook", Label.of(run.work), "outcome", outcome),
            WORK);
  }

  private static Duration[] micros(long... micros) {
    return LongStream.of(micros)
        .mapToObj(each -> Duration.of(each, ChronoUnit.MICROS))
        .toArray(Duration[]::new);
  }
}
