package io.earshot.metrics;

import io.earshot.netty.EarshotServer;
import io.earshot.stats.ServerState;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one server in one registry: adds them, and removes them again.
 *
 * <p>Thread-safe: its list is guarded by its lock, and a field is volatile.
 */
final class Meters {
  /** The prefix of all names. */
  private static final String PREFIX = "earshot.";

  private static final long FRESH = TimeUnit.MILLISECONDS.toNanos(20);

  private final EarshotServer server;
  private final MeterRegistry registry;
  private final List<Meter> all = new ArrayList<>();
  private boolean isClosed;

  /** The last state that was asked for, since many meters of one scrape ask. */
  private volatile @Nullable Moment last;

  private record Moment(ServerState state, long at) {}

  Meters(EarshotServer server, MeterRegistry registry) {
    this.server = server;
    this.registry = registry;
  }

  EarshotServer server() {
    return server;
  }

  /** The state of the server at most some milliseconds ago. */
  ServerState state() {
    long now = System.nanoTime();
    Moment known = last;
    if (known == null || now - known.at > FRESH) {
      known = new Moment(server.state(), now);
      last = known;
    }
    return known.state;
  }

  void gauge(String name, String help, ToDoubleFunction<EarshotServer> value) {
    gauge(name, null, help, Tags.empty(), value);
  }

  void bytes(String name, String help, ToLongFunction<EarshotServer> value) {
    gauge(name, "bytes", help, Tags.empty(), value::applyAsLong);
  }

  void seconds(String name, String help, Tags tags, ToDoubleFunction<EarshotServer> value) {
    gauge(name, "seconds", help, tags, value);
  }

  /**
   * Adds a gauge.
   *
   * @param unit the unit, which Prometheus appends to the name; null for none
   */
  void gauge(
      String name,
      @Nullable String unit,
      String help,
      Tags tags,
      ToDoubleFunction<EarshotServer> value) {
    add(
        Gauge.builder(PREFIX + name, server, value)
            .baseUnit(unit)
            .description(help)
            .tags(tags)
            .register(registry));
  }

  void counter(String name, String help, Tags tags, ToLongFunction<EarshotServer> value) {
    counter(name, null, help, tags, value);
  }

  void counter(
      String name,
      @Nullable String unit,
      String help,
      Tags tags,
      ToLongFunction<EarshotServer> value) {
    add(
        FunctionCounter.builder(PREFIX + name, server, value::applyAsLong)
            .baseUnit(unit)
            .description(help)
            .tags(tags)
            .register(registry));
  }

  /** Adds a histogram of durations with these buckets; one that is there already is returned. */
  Timer timer(String name, String help, Tags tags, Duration... buckets) {
    return add(
        Timer.builder(PREFIX + name)
            .description(help)
            .tags(tags)
            .serviceLevelObjectives(buckets)
            .register(registry));
  }

  private synchronized <M extends Meter> M add(M meter) {
    if (isClosed) {
      var unused = registry.remove(meter);
    } else if (!all.contains(meter)) {
      all.add(meter);
    }
    return meter;
  }

  /** Removes all meters from the registry. Idempotent. */
  synchronized void close() {
    isClosed = true;
    all.forEach(registry::remove);
    all.clear();
  }
}
