package io.earshot.bench.load;

import io.earshot.bench.metric.Gauge;
import io.earshot.bench.metric.Measurements;
import io.earshot.bench.metric.Metric;
import io.earshot.bench.tls.TlsClients;
import io.earshot.bench.work.Population;
import io.earshot.bench.work.Traffic;
import io.earshot.bench.work.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The load generator: connects clients to a server, sends messages, and counts deliveries.
 *
 * <p>Owned by the thread that made it. That thread never sleeps: otherwise the server would pay for
 * waking it up, which clients on other machines do not cost.
 */
public final class Generator implements AutoCloseable {
  private static final int READ_BYTES = 1 << 18;
  private static final int OPENING_AT_ONCE = 128;

  /** How many clients share one loopback address. Each address has its own ports. */
  private static final int CLIENTS_PER_ADDRESS = 2500;

  private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(15);
  private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private final long origin = System.nanoTime();
  private final ByteBuffer in =
      ByteBuffer.allocateDirect(READ_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final Selector selector = Selector.open();
  private final List<Client> clients = new ArrayList<>();
  private final List<Room> rooms = new ArrayList<>();
  private final DeliveryCounter deliveries = new DeliveryCounter();
  private final Script script;
  private final Transport transport;
  private final @Nullable TlsClients tls;
  private final InetSocketAddress server;

  /**
   * The first three bytes of the clients' addresses, of which Linux has all of 127.0.0.0/8. A
   * random network has no ports in TIME_WAIT from an earlier generator.
   */
  private final String network =
      "127."
          + ThreadLocalRandom.current().nextInt(1, 255)
          + "."
          + ThreadLocalRandom.current().nextInt(255)
          + ".";

  private final Population population;
  private final int size;

  private long lastRead;
  private long busyNanos;
  private long expected;
  private long sent;

  /**
   * @param port the server's port on the loopback
   * @param size the length of each message in bytes
   */
  public Generator(Script script, Transport transport, int port, Population population, int size)
      throws IOException {
    this.script = script;
    this.transport = transport;
    this.tls = transport.isEncrypted() ? new TlsClients() : null;
    this.server = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    this.population = population;
    this.size = size;
    for (int i = 0; i < population.rooms(); i++) {
      rooms.add(new Room(i, population.membersOf(i) - (script.echoes() ? 0 : 1)));
    }
  }

  /** Nanoseconds since this generator was made: 16 digits are enough for them. */
  long now() {
    return System.nanoTime() - origin;
  }

  /**
   * Connects all clients, which join their rooms.
   *
   * @throws IOException if some do not join; the message gives the reason of the first
   */
  public void join() throws IOException {
    long last = now();
    int before = 0;
    while (before < population.connections()) {
      long openingBegan = System.nanoTime();
      while (clients.size() < Math.min(population.connections(), before + OPENING_AT_ONCE)) {
        open(clients.size());
      }
      busyNanos += System.nanoTime() - openingBegan;
      turn();
      int done = deliveries.joined() + deliveries.lost();
      if (done > before) {
        last = now();
      } else if (now() - last > STUCK_NANOS) {
        break;
      }
      before = done;
    }
    if (deliveries.joined() < population.connections()) {
      throw new IOException(whyNotAll());
    }
    for (Client client : clients) {
      Room room = client.endpoint().room();
      if (client.endpoint().id() / population.rooms() < population.publishers()) {
        room.addPublisher(client);
      }
    }
  }

  private String whyNotAll() {
    String why =
        clients.stream()
            .filter(Client::isLost)
            .map(Client::lossReason)
            .findFirst()
            .orElse("the server did not answer " + script.ready());
    return deliveries.joined()
        + " of "
        + population.connections()
        + " clients joined; the first: "
        + why;
  }

  /** Reads until the server sends nothing more, or the time is over. */
  public void settle(double seconds) throws IOException {
    long end = now() + nanos(seconds);
    lastRead = now();
    while (now() < end && now() - lastRead < QUIET_NANOS) {
      turn();
    }
  }

  /** The share of some time in which this generator was busy, since the last call. */
  double busySince(long beganNanos) {
    double busy = (double) busyNanos / (System.nanoTime() - beganNanos);
    busyNanos = 0;
    return busy;
  }

  /** How many clients were disconnected. */
  int lost() {
    return deliveries.lost();
  }

  /**
   * Measures the memory of idle clients: without any, and with all.
   *
   * @param seconds how long to wait before each reading
   */
  public Measurements hold(double seconds, Gauge gauge) throws IOException {
    waitFor(seconds);
    long empty = gauge.read().residentBytes();
    long began = now();
    join();
    double took = (now() - began) / 1e9;
    waitFor(seconds);
    long full = gauge.read().residentBytes();
    var measurements = new Measurements();
    measurements.put(Metric.EMPTY, empty / 1e6);
    measurements.put(Metric.RESIDENT, full / 1e6);
    measurements.put(Metric.PER_CONNECTION, (double) (full - empty) / population.connections());
    measurements.put(Metric.CONNECTED, population.connections() / took);
    measurements.put(Metric.DISCONNECTED, deliveries.lost());
    return measurements;
  }

  private void waitFor(double seconds) throws IOException {
    long end = now() + nanos(seconds);
    while (now() < end) {
      turn();
    }
  }

  /**
   * Sends messages, and measures their deliveries.
   *
   * @param gauge read when measuring begins, and when it ends
   * @return the measurements
   */
  public Measurements run(Traffic traffic, Gauge gauge) throws IOException {
    deliveries.startCounting();
    long start = now();
    long warm = start + nanos(traffic.warm());
    long end = warm + nanos(traffic.seconds());
    Pace pace =
        traffic.rate() > 0
            ? new Pace.Rate(this, rooms, start, traffic.rate())
            : new Pace.Window(this, rooms, deliveries, start, traffic.window());
    long t = start;
    while (t < warm) {
      pace.say(t);
      turn();
      t = now();
    }
    Gauge.Reading before = gauge.read();
    deliveries.startMeasuring();
    busyNanos = 0;
    long sentBefore = sent;
    long began = now();
    t = began;
    while (t < end) {
      long sentSoFar = sent;
      pace.say(t);
      if (sent > sentSoFar) {
        busyNanos += now() - t;
      }
      turn();
      t = now();
    }
    deliveries.stopMeasuring();
    double seconds = (now() - began) / 1e9;
    Gauge.Reading after = gauge.read();
    double busy = busyNanos / 1e9 / seconds;
    long sentMeasured = sent - sentBefore;
    drain();
    var measurements = new Measurements();
    measurements.put(Metric.DELIVERIES, deliveries.measured() / seconds);
    measurements.put(Metric.MESSAGES, sentMeasured / seconds);
    measurements.put(Metric.P50, deliveries.latency(50));
    measurements.put(Metric.P99, deliveries.latency(99));
    measurements.put(Metric.P999, deliveries.latency(99.9));
    measurements.put(Metric.MAX, deliveries.latency(100));
    measurements.put(Metric.EXPECTED, (double) expected);
    measurements.put(Metric.LOST, (double) (expected - deliveries.counted()));
    measurements.put(Metric.DISCONNECTED, deliveries.lost());
    measurements.put(Metric.STALLS, pace.stalls());
    measurements.put(Metric.PER_READ, deliveries.deliveriesPerRead());
    measurements.put(Metric.BYTES, deliveries.bytesPerDelivery());
    measurements.put(Metric.GENERATOR, busy * 100);
    after.putSince(before, deliveries.measured(), measurements);
    return measurements;
  }

  /** Reads while deliveries are missing and still arrive. */
  private void drain() throws IOException {
    long end = now() + DRAIN_NANOS;
    lastRead = now();
    while (deliveries.counted() < expected && now() < end && now() - lastRead < Pace.STALL_NANOS) {
      turn();
    }
  }

  /** Sends a message in a room. Returns false if all its publishers are disconnected. */
  boolean say(Room room, long stamp) {
    if (!room.say(stamp)) {
      return false;
    }
    sent++;
    expected += room.receivers;
    return true;
  }

  private void open(int id) throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    if (population.connections() > CLIENTS_PER_ADDRESS) {
      String address = network + (2 + id / CLIENTS_PER_ADDRESS);
      channel.bind(new InetSocketAddress(InetAddress.ofLiteral(address), 0));
    }
    channel.connect(server);
    SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
    Room room = rooms.get(id % rooms.size());
    Client client =
        script
            .wire()
            .client(
                script,
                new Client.Endpoint(
                    id, room, size, population.listening(), transport, tls, channel, key),
                deliveries);
    key.attach(client);
    clients.add(client);
  }

  private void turn() throws IOException {
    long began = System.nanoTime();
    if (selector.selectNow(this::serve) > 0) {
      busyNanos += System.nanoTime() - began;
    }
  }

  private void serve(SelectionKey key) {
    var client = (Client) key.attachment();
    try {
      if (key.isConnectable()) {
        client.endpoint().channel().finishConnect();
        key.interestOps(SelectionKey.OP_READ);
        client.connected();
        return;
      }
      if (key.isWritable()) {
        client.flush();
      }
      if (key.isReadable()) {
        read(client);
      }
    } catch (IOException e) {
      client.lose(String.valueOf(e.getMessage()));
    } catch (CancelledKeyException _) {
      client.lose("closed");
    }
  }

  private void read(Client client) throws IOException {
    in.clear();
    int length = client.endpoint().channel().read(in);
    if (length < 0) {
      client.lose("the server closed the connection");
    } else if (length > 0) {
      lastRead = now();
      deliveries.reading(lastRead, length);
      client.receivedWire(in.flip());
    }
  }

  private static long nanos(double seconds) {
    return (long) (seconds * 1e9);
  }

  @Override
  public void close() throws IOException {
    for (Client client : clients) {
      client.lose("done");
    }
    selector.close();
  }
}
