package io.earshot.spi;

/**
 * The metrics of one server, as text for those who collect them. Methods may block for some
 * milliseconds, so event loops do not call them.
 *
 * <p>Thread-safe.
 */
public interface MetricsExporter extends AutoCloseable {

  /** A format of the text. */
  enum Format {
    /** The text format of Prometheus, version 0.0.4. */
    PROMETHEUS("text/plain; version=0.0.4; charset=utf-8"),
    /** The text format of OpenMetrics, version 1.0.0. */
    OPEN_METRICS("application/openmetrics-text; version=1.0.0; charset=utf-8");

    private final String type;

    Format(String type) {
      this.type = type;
    }

    /**
     * The media type.
     *
     * @return the value of the header {@code Content-Type}
     */
    public String type() {
      return type;
    }
  }

  /**
   * Renders all metrics.
   *
   * @param format the format
   * @return the text as UTF-8
   */
  byte[] render(Format format);

  /** Starts to send the metrics, if the settings say so. Called when the ports are open. */
  void start();

  /** Sends and listens no more. Idempotent. */
  @Override
  void close();
}
