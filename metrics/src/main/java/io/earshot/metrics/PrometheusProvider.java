package io.earshot.metrics;

import io.earshot.netty.EarshotServer;
import io.earshot.netty.MetricsProvider;
import io.earshot.spi.MetricsExporter;

/** Exports metrics to Prometheus and by OTLP. {@link java.util.ServiceLoader} makes it. */
public final class PrometheusProvider implements MetricsProvider {
  /** Called by {@link java.util.ServiceLoader}. */
  public PrometheusProvider() {}

  @Override
  public MetricsExporter exporter(EarshotServer server) {
    return new ServerExporter(server);
  }
}
