package io.earshot.metrics;

import io.earshot.Config;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.registry.otlp.OtlpConfig;
import io.micrometer.registry.otlp.OtlpMeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends metrics by OTLP over HTTP, every so often, from a thread of Micrometer.
 *
 * <p>Immutable; the registry is thread-safe.
 */
final class OtlpPush implements AutoCloseable {
  /** How long the last push may delay the stop of a server that cannot be reached. */
  private static final Duration LAST_PUSH = Duration.ofSeconds(1);

  private final OtlpMeterRegistry registry;

  private OtlpPush(OtlpMeterRegistry registry) {
    this.registry = registry;
  }

  static OtlpPush start(Config config, Consumer<MeterRegistry> binder) {
    var registry = new OtlpMeterRegistry(new Settings(config), Clock.SYSTEM);
    binder.accept(registry);
    return new OtlpPush(registry);
  }

  /** The settings, in the form of Micrometer. */
  private record Settings(Config config) implements OtlpConfig {
    @Override
    public @Nullable String get(String key) {
      return null; // the defaults of Micrometer
    }

    @Override
    public String url() {
      return config.metrics().otlpUrl();
    }

    @Override
    public Duration step() {
      return config.metrics().otlpEvery();
    }

    @Override
    public Map<String, String> headers() {
      var headers = new LinkedHashMap<String, String>();
      for (String header : config.metrics().otlpHeaders()) {
        String[] parts = header.strip().split(" +", 2);
        headers.put(parts[0], parts[1]);
      }
      return headers;
    }

    /** Those of the environment, such as {@code OTEL_RESOURCE_ATTRIBUTES}, win. */
    @Override
    public Map<String, String> resourceAttributes() {
      var attributes = new LinkedHashMap<String, String>();
      attributes.put("service.name", "earshot");
      attributes.put("service.version", ServerMeters.version());
      if (!config.general().id().isEmpty()) {
        attributes.put("service.instance.id", config.general().id());
      }
      attributes.putAll(OtlpConfig.super.resourceAttributes());
      return attributes;
    }
  }

  /** Sends the metrics for the last time, and no more. Returns after a second at most. */
  @Override
  public void close() {
    Thread last = Thread.ofVirtual().name("otlp").start(registry::close);
    try {
      var unused = last.join(LAST_PUSH);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
