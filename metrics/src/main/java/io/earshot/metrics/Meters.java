package io.earshot.metrics;

import io.earshot.netty.EarshotServer;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one server in one registry: adds them, and removes them again.
 *
 * <p>Thread-safe: its list is guarded by its lock.
 */
final class Meters {
  /** The prefix of all names. */
  private static final String PREFIX = "earshot.";

  private final EarshotServer server;
  private final MeterRegistry registry;
  private final List<Meter> all = new ArrayList<>();
  private boolean isClosed;

  Meters(EarshotServer server, MeterRegistry registry) {
    this.server = server;
    this.registry = registry;
  }

  EarshotServer server() {
    return server;
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
      var _ = registry.remove(meter);
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
