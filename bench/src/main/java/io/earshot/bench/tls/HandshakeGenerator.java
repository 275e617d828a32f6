package io.earshot.bench.tls;

import io.earshot.bench.metric.Gauge;
import io.earshot.bench.metric.Measurements;
import io.earshot.bench.metric.Metric;
import io.earshot.bench.work.Handshakes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Makes TLS handshakes with a server, some at the same time, and measures what each costs.
 *
 * <p>Owned by the thread that made it. That thread never sleeps.
 */
public final class HandshakeGenerator implements AutoCloseable {
  private static final int READ_BYTES = 1 << 16;
  private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** So many failures cannot be an accident. */
  private static final int MOST_FAILURES = 100;

  private final ByteBuffer in = ByteBuffer.allocateDirect(READ_BYTES);
  private final Selector selector = Selector.open();
  private final TlsClients tls = new TlsClients();
  private final List<HandshakeClient> running = new ArrayList<>();
  private final Handshakes work;
  private final InetSocketAddress server;

  private long done;
  private int failures;
  private String firstFailure = "";
  private long busyNanos;
  private long lastDone;

  /**
   * @param port the server's port on the loopback
   * @param atOnce how many handshakes are made at the same time
   */
  public HandshakeGenerator(Handshakes work, int port, int atOnce) throws IOException {
    this.work = work;
    this.server = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    for (int slot = 0; slot < atOnce; slot++) {
      running.add(next(slot));
    }
  }

  private HandshakeClient next(int slot) throws IOException {
    String session = work.resumed() ? "client" + slot : null;
    return new HandshakeClient(slot, tls, session, server, selector);
  }

  /**
   * Makes handshakes, first with the cold server, then to warm it up, then with the warm one.
   *
   * @throws IOException if the server does not answer, or refuses handshakes
   */
  public Measurements run(Gauge gauge) throws IOException {
    lastDone = System.nanoTime();
    var measurements = new Measurements();
    Phase cold = phase(work.cold(), gauge);
    measurements.put(Metric.CONNECTED_COLD, cold.perSecond());
    measurements.put(Metric.CONNECT_CPU_COLD, cold.cpuMicros());
    phase(work.warm() - work.cold(), gauge);
    Phase warm = phase(work.seconds(), gauge);
    measurements.put(Metric.CONNECTED, warm.perSecond());
    measurements.put(Metric.CONNECT_CPU, warm.cpuMicros());
    measurements.put(Metric.RESUMED, 100.0 * warm.resumed / warm.handshakes);
    measurements.put(Metric.GENERATOR, warm.busy * 100);
    measurements.put(Metric.RESIDENT, gauge.read().residentBytes() / 1e6);
    measurements.put(Metric.DISCONNECTED, failures);
    return measurements;
  }

  /** What some seconds have measured. */
  private record Phase(long handshakes, long resumed, double seconds, double cpu, double busy) {
    double perSecond() {
      return handshakes / seconds;
    }

    double cpuMicros() {
      return cpu / handshakes;
    }
  }

  /** Makes handshakes for some seconds, and at least one. */
  private Phase phase(double wanted, Gauge gauge) throws IOException {
    Gauge.Reading before = gauge.read();
    long doneBefore = done;
    long certificates = tls.certificates();
    busyNanos = 0;
    long began = System.nanoTime();
    long end = began + (long) (wanted * 1e9);
    for (long now = began; now < end || done == doneBefore; now = System.nanoTime()) {
      if (selector.selectNow(this::serve) > 0) {
        busyNanos += System.nanoTime() - now;
      }
      if (now - lastDone > STUCK_NANOS || failures > MOST_FAILURES) {
        throw new IOException(
            failures > 0 ? firstFailure : "no handshake ended in the last 20 seconds");
      }
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    double cpu = gauge.read().cpuMicrosSince(before);
    long handshakes = done - doneBefore;
    long resumed = Math.max(0, handshakes - (tls.certificates() - certificates));
    return new Phase(handshakes, resumed, seconds, cpu, busyNanos / 1e9 / seconds);
  }

  private void serve(SelectionKey key) {
    var client = (HandshakeClient) key.attachment();
    if (!client.serve(in)) {
      return;
    }
    if (client.failure().isEmpty()) {
      done++;
      lastDone = System.nanoTime();
    } else if (failures++ == 0) {
      firstFailure = client.failure();
    }
    try {
      running.set(client.slot, next(client.slot));
    } catch (IOException e) {
      failures = MOST_FAILURES + 1;
      firstFailure = String.valueOf(e.getMessage());
    }
  }

  @Override
  public void close() throws IOException {
    running.forEach(HandshakeClient::close);
    selector.close();
  }
}
