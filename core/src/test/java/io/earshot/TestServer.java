package io.earshot;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.RequestDecoder;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A server without sockets or threads: loops that the test runs, and clients that are lists of
 * lines.
 */
final class TestServer {
  static final Instant NOW = Instant.ofEpochMilli(1_357_000_000_000L);

  final List<ManualLoop> loops;
  final Engine earshot;
  private Instant now;

  TestServer(int loops, Config config) {
    this(loops, config, NOW);
  }

  TestServer(int loops, Config config, Instant now) {
    this.now = now;
    this.loops = IntStream.range(0, loops).mapToObj(i -> new ManualLoop()).toList();
    this.earshot = new Engine(config, this.loops, () -> this.now);
  }

  Instant now() {
    return now;
  }

  TestServer() {
    this(1, Config.defaults());
  }

  static Config quiet() {
    return Config.defaults().with("rooms.announcements", false);
  }

  Guest guest() {
    return guest(0, Lines.ONE);
  }

  Guest guest(int loop, Wire wire) {
    var guest = new Guest(loops.get(loop), wire);
    guest.loop.run(() -> guest.intake = earshot.connect(guest.loop, guest, wire, Transport.TCP));
    return guest;
  }

  /** Somebody from an address, who goes to a room by some transport, and may show a token. */
  Guest guest(String address, Transport transport, String room, @Nullable String token) {
    var guest = new Guest(loops.getFirst(), Lines.ONE);
    guest.from = new InetSocketAddress(AddressRange.address(address), 1);
    guest.loop.run(
        () ->
            guest.intake =
                earshot.connect(guest.loop, guest, guest.wire, transport, room, null, token));
    return guest;
  }

  /** Runs all loops in turn until nothing is left to do. */
  void settle() {
    while (loops.stream().anyMatch(loop -> !loop.isIdle())) {
      loops.forEach(ManualLoop::runOne);
    }
  }

  /** Lets so much time pass, and everything happen that is due by then. */
  void pass(Duration time) {
    now = now.plus(time);
    loops.forEach(loop -> loop.advance(time.toMillis()));
    settle();
  }

  /** Lets so much time pass without anybody having looked at what is due. */
  void skip(Duration time) {
    now = now.plus(time);
  }

  /** Runs one task of a loop that chance chooses. */
  void step(Random random) {
    loops.get(random.nextInt(loops.size())).runOne();
  }

  /** JSON lines; two of them, since what is framed for one wire must not reach the other. */
  enum Lines implements Wire {
    ONE,
    TWO;

    @Override
    public void frame(byte[] json, @Nullable Cursor place, ByteBuf out) {
      out.writeBytes(json).writeByte('\n');
    }

    @Override
    public void end(Ending ending, ByteBuf out) {
      out.writeCharSequence("end " + ending.code() + "\n", StandardCharsets.UTF_8);
    }
  }

  /** A client: what it was sent, line by line. */
  final class Guest implements Outbound {
    final ManualLoop loop;
    final Wire wire;

    @SuppressWarnings("NullAway.Init") // set as soon as it is connected
    Intake intake;

    final List<String> lines = new ArrayList<>();
    private final StringBuilder partial = new StringBuilder();
    int writes;
    int pending;
    int resumed;
    boolean finished;
    boolean closed;
    @Nullable Error failure;
    InetSocketAddress from = new InetSocketAddress(0);

    Guest(ManualLoop loop, Wire wire) {
      this.loop = loop;
      this.wire = wire;
    }

    /** Sends a line, and lets nothing else happen. */
    void send(String line) {
      loop.run(() -> intake.handle(RequestDecoder.line(line)));
    }

    /** Sends a line, lets everything happen that follows from it, and returns what was answered. */
    String ask(String line) {
      hear();
      send(line);
      settle();
      return lines.stream()
          .filter(heard -> !heard.contains("\"context\":\"user\""))
          .reduce((a, b) -> b)
          .orElse("");
    }

    /** What came since the last call. */
    List<String> hear() {
      settle();
      var heard = List.copyOf(lines);
      lines.clear();
      return heard;
    }

    /** The texts of the messages that came since the last call. */
    List<String> heard() {
      return texts(hear());
    }

    String id() {
      return connection().id();
    }

    Connection connection() {
      return (ClientConnection) intake;
    }

    @Override
    public void write(ByteBuf batch, int offset, int length) {
      if (failure != null) {
        throw failure;
      }
      writes++;
      partial.append(batch.toString(offset, length, StandardCharsets.UTF_8));
      for (int end = partial.indexOf("\n"); end >= 0; end = partial.indexOf("\n")) {
        lines.add(partial.substring(0, end));
        partial.delete(0, end + 1);
      }
    }

    @Override
    public SocketAddress remoteAddress() {
      return from;
    }

    @Override
    public int pendingBytes() {
      return pending;
    }

    @Override
    public void resume() {
      resumed++;
    }

    @Override
    public void finish() {
      finished = true;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  static List<String> texts(List<String> lines) {
    return lines.stream()
        .filter(line -> line.startsWith("{\"message\":\""))
        .map(line -> line.substring(12, line.indexOf("\",\"room\"")))
        .toList();
  }
}
