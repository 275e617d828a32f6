package io.earshot.metrics;

import io.earshot.netty.EarshotServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.List;

/**
 * The metrics of a server, for the registry of the program that runs it:
 *
 * <pre>{@code
 * var metrics = new EarshotMetrics(server);
 * metrics.bindTo(registry);
 * }</pre>
 *
 * <p>It adds what is Earshot's, and nothing of the JVM: a program has binders of Micrometer for
 * that. Counters count from the start of the server, histograms from {@link #bindTo} on.
 *
 * <p>Thread-safe: its list is guarded by its lock.
 */
public final class EarshotMetrics implements MeterBinder, AutoCloseable {
  private final EarshotServer server;
  private final List<Runnable> unbind = new ArrayList<>();

  /**
   * The metrics of a server, which are in no registry yet.
   *
   * @param server the server
   */
  public EarshotMetrics(EarshotServer server) {
    this.server = server;
  }

  /**
   * Adds the metrics to a registry. Two servers of one process need a registry each, or common tags
   * that tell them apart.
   *
   * @param registry the registry
   */
  @Override
  public void bindTo(MeterRegistry registry) {
    var meters = new Meters(server, registry);
    ServerMeters.addTo(meters);
    ClientMeters.addTo(meters);
    MessageMeters.addTo(meters);
    FeedMeters.addTo(meters);
    ClusterMeters.addTo(meters);
    var durations = new DurationMeters(meters);
    server.stats().counts().addListener(durations);
    synchronized (this) {
      unbind.add(
          () -> {
            server.stats().counts().removeListener(durations);
            meters.close();
          });
    }
  }

  /** Removes the metrics from each registry that has them. Idempotent. */
  @Override
  public synchronized void close() {
    unbind.forEach(Runnable::run);
    unbind.clear();
  }
}
