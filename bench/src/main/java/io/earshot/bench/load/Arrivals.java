package io.earshot.bench.load;

import io.earshot.bench.metric.Gauge;
import io.earshot.bench.metric.Measurements;
import io.earshot.bench.metric.Metric;
import io.earshot.bench.work.Connects;
import io.earshot.bench.work.Population;
import io.earshot.bench.work.Traffic;
import io.earshot.bench.work.Transport;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * Measures how fast a server accepts clients that connect and join their rooms, and what each costs
 * it.
 *
 * <p>Immutable.
 *
 * @param port the server's port on the loopback
 */
public record Arrivals(Script script, Transport transport, int port, Population population) {
  /** How often to look whether the server still works on closed connections. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** A server that works less than this in that time is done. */
  private static final double IDLE_MICROS = 20_000;

  private static final int MOST_LOOKS = 25;

  /** Measures all rounds. */
  public Measurements measure(Connects work, Gauge gauge) throws IOException {
    var measurements = new Measurements();
    for (int round = 1; round <= work.rounds(); round++) {
      measure(gauge, round == 1, measurements);
      awaitIdle(gauge);
    }
    return measurements;
  }

  /** Measures one round. A later round replaces the results of an earlier one, except cold ones. */
  private void measure(Gauge gauge, boolean isCold, Measurements measurements) throws IOException {
    try (var generator = new Generator(script, transport, port, population, Traffic.LEAST_SIZE)) {
      Gauge.Reading before = gauge.read();
      long began = System.nanoTime();
      generator.join();
      double seconds = (System.nanoTime() - began) / 1e9;
      double busy = generator.busySince(began);
      Gauge.Reading after = gauge.read();
      int clients = population.connections();
      measurements.put(isCold ? Metric.CONNECTED_COLD : Metric.CONNECTED, clients / seconds);
      measurements.put(
          isCold ? Metric.CONNECT_CPU_COLD : Metric.CONNECT_CPU,
          after.cpuMicrosSince(before) / clients);
      measurements.put(Metric.RESIDENT, after.residentBytes() / 1e6);
      measurements.put(Metric.DISCONNECTED, generator.lost());
      measurements.put(Metric.GENERATOR, busy * 100);
    }
  }

  /** Waits until the server has closed its connections, for which the next round does not pay. */
  private static void awaitIdle(Gauge gauge) {
    double before = gauge.read().cpuMicros();
    for (int look = 0; look < MOST_LOOKS; look++) {
      long end = System.nanoTime() + LOOK_NANOS;
      while (System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      double now = gauge.read().cpuMicros();
      if (now - before < IDLE_MICROS) {
        return;
      }
      before = now;
    }
  }
}
