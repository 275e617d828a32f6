package io.earshot.netty;

import io.earshot.spi.MetricsExporter;

/**
 * Exports the metrics of servers. {@link java.util.ServiceLoader} finds it, if the setting {@code
 * metrics.enabled} or {@code metrics.otlpUrl} asks for metrics.
 */
public interface MetricsProvider {

  /**
   * An exporter for a server that is about to open its ports. It does next to nothing before the
   * first scrape.
   *
   * @param server the server
   * @return the exporter, which the server closes
   */
  MetricsExporter exporter(EarshotServer server);
}
