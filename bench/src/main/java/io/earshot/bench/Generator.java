package io.earshot.bench;

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
import java.util.concurrent.TimeUnit;

/**
 * Makes clients of a server, lets them talk, and counts what they hear. One thread that never
 * sleeps, so that the server does not pay for waking it up, as it would not with clients elsewhere.
 *
 * <p>Owned by the thread that made it.
 */
final class Generator implements AutoCloseable {
  private static final int READ_BYTES = 1 << 18;
  private static final int OPENING_AT_ONCE = 128;

  /** So many clients share an address of this machine: each address has its own ports. */
  private static final int CLIENTS_PER_ADDRESS = 2500;

  private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(15);
  private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private final long origin = System.nanoTime();
  private final ByteBuffer in =
      ByteBuffer.allocateDirect(READ_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final Selector selector = Selector.open();
  private final List<Client> clients = new ArrayList<>();
  private final List<Room> rooms = new ArrayList<>();
  private final Audience audience = new Audience();
  private final Script script;
  private final int port;
  private final Crowd crowd;
  private final int size;

  private long lastHeard;
  private long busyNanos;
  private long expected;
  private long sent;
  private int stalls;

  /**
   * @param port where the server listens, on the loopback
   * @param size bytes of a message, the same for all
   */
  Generator(Script script, int port, Crowd crowd, int size) throws IOException {
    this.script = script;
    this.port = port;
    this.crowd = crowd;
    this.size = size;
    for (int i = 0; i < crowd.rooms(); i++) {
      rooms.add(new Room(i, crowd.membersOf(i) - (script.echoes() ? 0 : 1)));
    }
  }

  /** Nanoseconds since this generator was made: 16 digits are enough for them. */
  private long now() {
    return System.nanoTime() - origin;
  }

  /**
   * Connects all clients and lets them enter their rooms.
   *
   * @throws IOException if not all of them get there; the message says what became of them
   */
  void join() throws IOException {
    long last = now();
    int before = 0;
    while (before < crowd.connections()) {
      while (clients.size() < Math.min(crowd.connections(), before + OPENING_AT_ONCE)) {
        open(clients.size());
      }
      turn();
      int done = audience.joinedNow() + audience.lostSoFar();
      if (done > before) {
        last = now();
      } else if (now() - last > STUCK_NANOS) {
        break;
      }
      before = done;
    }
    if (audience.joinedNow() < crowd.connections()) {
      throw new IOException(whyNotAll());
    }
    for (Client client : clients) {
      Room room = client.place().room();
      if (client.place().id() / crowd.rooms() < crowd.publishers()) {
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
            .orElse("no answer; awaited was " + script.ready());
    return audience.joinedNow()
        + " of "
        + crowd.connections()
        + " clients joined; the first: "
        + why;
  }

  /** Reads on until nothing comes any more, or the time is over. */
  void settle(double seconds) throws IOException {
    long end = now() + nanos(seconds);
    lastHeard = now();
    while (now() < end && now() - lastHeard < QUIET_NANOS) {
      turn();
    }
  }

  /**
   * Connects all clients and holds them, silent.
   *
   * @param seconds how long nobody is there, and then all are, before memory is read
   */
  Figures hold(double seconds, Gauge gauge) throws IOException {
    spend(seconds);
    long empty = gauge.read().residentBytes();
    long began = now();
    join();
    double took = (now() - began) / 1e9;
    spend(seconds);
    long full = gauge.read().residentBytes();
    var figures = new Figures();
    figures.put(Figure.EMPTY, empty / 1e6);
    figures.put(Figure.RESIDENT, full / 1e6);
    figures.put(Figure.PER_CONNECTION, (double) (full - empty) / crowd.connections());
    figures.put(Figure.CONNECTED, crowd.connections() / took);
    figures.put(Figure.DISCONNECTED, audience.lostSoFar());
    return figures;
  }

  private void spend(double seconds) throws IOException {
    long end = now() + nanos(seconds);
    while (now() < end) {
      turn();
    }
  }

  /**
   * Lets the clients talk.
   *
   * @param gauge read when what counts begins, and when it ends
   * @return what was measured
   */
  Figures talk(Talk talk, Gauge gauge) throws IOException {
    audience.startCounting();
    long start = now();
    long warm = start + nanos(talk.warm());
    long end = warm + nanos(talk.seconds());
    var pace = talk.rate() > 0 ? new Rate(start, talk.rate()) : new Window(start, talk.window());
    long t = start;
    while (t < warm) {
      pace.say(t);
      turn();
      t = now();
    }
    Gauge.Reading before = gauge.read();
    audience.startMeasuring();
    busyNanos = 0;
    long sentBefore = sent;
    long began = now();
    t = began;
    while (t < end) {
      pace.say(t);
      turn();
      t = now();
    }
    audience.stopMeasuring();
    double seconds = (now() - began) / 1e9;
    Gauge.Reading after = gauge.read();
    double busy = busyNanos / 1e9 / seconds;
    long sentMeanwhile = sent - sentBefore;
    drain();
    var figures = new Figures();
    figures.put(Figure.DELIVERIES, audience.measured() / seconds);
    figures.put(Figure.MESSAGES, sentMeanwhile / seconds);
    figures.put(Figure.P50, audience.latency(50));
    figures.put(Figure.P99, audience.latency(99));
    figures.put(Figure.P999, audience.latency(99.9));
    figures.put(Figure.MAX, audience.latency(100));
    figures.put(Figure.EXPECTED, (double) expected);
    figures.put(Figure.LOST, (double) (expected - audience.counted()));
    figures.put(Figure.DISCONNECTED, audience.lostSoFar());
    figures.put(Figure.STALLS, stalls);
    figures.put(Figure.PER_READ, audience.deliveriesPerRead());
    figures.put(Figure.BYTES, audience.bytesPerDelivery());
    figures.put(Figure.GENERATOR, busy * 100);
    after.putSince(before, audience.measured(), figures);
    return figures;
  }

  /** Reads on while something is missing and still comes. */
  private void drain() throws IOException {
    long end = now() + DRAIN_NANOS;
    lastHeard = now();
    while (audience.counted() < expected && now() < end && now() - lastHeard < STALL_NANOS) {
      turn();
    }
  }

  /** When what is said. */
  private sealed interface Pace {
    void say(long now);
  }

  /**
   * So many messages a second, round robin over the rooms. Each is stamped with the time at which
   * it was due, so that a message sent late has waited.
   */
  private final class Rate implements Pace {
    private final double interval;
    private final long start;
    private long said;

    Rate(long start, double perSecond) {
      this.start = start;
      this.interval = 1e9 / perSecond;
    }

    @Override
    public void say(long now) {
      long due = start + (long) (said * interval);
      while (due <= now) {
        Generator.this.say(rooms.get((int) (said % rooms.size())), due);
        said++;
        due = start + (long) (said * interval);
      }
    }
  }

  /** So many messages of each room under way at once. */
  private final class Window implements Pace {
    private final int messages;
    private long heard;
    private long heardAt;

    Window(long start, int messages) {
      this.messages = messages;
      this.heardAt = start;
    }

    @Override
    public void say(long now) {
      for (Room room : rooms) {
        if (room.hearers > 0) {
          long most = room.done() + messages;
          while (room.sent < most && Generator.this.say(room, now())) {}
        }
      }
      if (audience.counted() != heard) {
        heard = audience.counted();
        heardAt = now;
      } else if (now - heardAt > STALL_NANOS) {
        stalls++;
        heardAt = now;
        rooms.forEach(Room::forgive);
      }
    }
  }

  private boolean say(Room room, long stamp) {
    if (!room.say(stamp)) {
      return false;
    }
    sent++;
    expected += room.hearers;
    return true;
  }

  private void open(int id) throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    if (crowd.connections() > CLIENTS_PER_ADDRESS) {
      channel.bind(address(2 + id / CLIENTS_PER_ADDRESS, 0));
    }
    channel.connect(address(1, port));
    SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
    Room room = rooms.get(id % rooms.size());
    Client client =
        script
            .wire()
            .client(
                script,
                new Client.Place(id, room, size, crowd.listening(), channel, key),
                audience);
    key.attach(client);
    clients.add(client);
  }

  /** An address of this machine, which has all that begin with 127. */
  private static InetSocketAddress address(int number, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0." + number), port);
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
        client.place().channel().finishConnect();
        key.interestOps(SelectionKey.OP_READ);
        client.opened();
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
    int length = client.place().channel().read(in);
    if (length < 0) {
      client.lose("the server closed it");
    } else if (length > 0) {
      lastHeard = now();
      audience.reading(lastHeard, length);
      client.received(in.flip());
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
