package io.earshot.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.netty.EarshotServer;
import io.earshot.spi.MetricsExporter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of a server that is a process of its own. The registry of Prometheus is made at the
 * first scrape, and that of OTLP after the start, so that no start is slower and a server that
 * nobody asks pays nothing.
 *
 * <p>Thread-safe: guarded by its lock, which no event loop takes.
 */
final class ServerExporter implements MetricsExporter {
  private final EarshotServer server;
  private final EarshotMetrics metrics;
  private @Nullable PrometheusMeterRegistry scraped;
  private @Nullable OtlpPush push;
  private boolean isClosed;

  ServerExporter(EarshotServer server) {
    this.server = server;
    this.metrics = new EarshotMetrics(server);
  }

  @Override
  public synchronized byte[] render(Format format) {
    PrometheusMeterRegistry registry = scraped;
    if (registry == null) {
      registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
      bind(registry);
      scraped = registry;
    }
    return registry.scrape(format.type()).getBytes(UTF_8);
  }

  private void bind(MeterRegistry registry) {
    if (isClosed) {
      throw new IllegalStateException("the server is stopping");
    }
    ProcessMeters.addTo(registry);
    metrics.bindTo(registry);
  }

  @Override
  public void start() {
    if (!server.config().metrics().otlpUrl().isEmpty()) {
      Thread.ofVirtual().name("otlp").start(this::push);
    }
  }

  private synchronized void push() {
    if (!isClosed) {
      push = OtlpPush.start(server.config(), this::bind);
    }
  }

  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    if (push != null) {
      push.close();
    }
    metrics.close();
  }
}
