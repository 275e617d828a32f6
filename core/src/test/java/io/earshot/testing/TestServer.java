package io.earshot.testing;

import io.earshot.AddressRange;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Transport;
import io.earshot.engine.Engine;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.RequestDecoder;
import io.earshot.session.ClientConnection;
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
public final class TestServer {
  public static final Instant NOW = Instant.ofEpochMilli(1_357_000_000_000L);

  public final List<ManualLoop> loops;
  public final Engine earshot;
  private Instant now;

  public TestServer(int loops, Config config) {
    this(loops, config, NOW);
  }

  public TestServer(int loops, Config config, Instant now) {
    this.now = now;
    this.loops = IntStream.range(0, loops).mapToObj(i -> new ManualLoop()).toList();
    this.earshot = new Engine(config, this.loops, () -> this.now);
  }

  public Instant now() {
    return now;
  }

  public TestServer() {
    this(1, Config.defaults());
  }

  public static Config quiet() {
    return Config.defaults().with("rooms.announcements", false);
  }

  public Guest guest() {
    return guest(0, Lines.ONE);
  }

  public Guest guest(int loop, Wire wire) {
    var guest = new Guest(loops.get(loop), wire);
    guest.loop.run(() -> guest.intake = earshot.connect(guest.loop, guest, wire, Transport.TCP));
    return guest;
  }

  /** Somebody from an address, who goes to a room by some transport, and may show a token. */
  public Guest guest(String address, Transport transport, String room, @Nullable String token) {
    var guest = new Guest(loops.getFirst(), Lines.ONE);
    guest.from = new InetSocketAddress(AddressRange.address(address), 1);
    guest.loop.run(
        () ->
            guest.intake =
                earshot.connect(guest.loop, guest, guest.wire, transport, room, null, token));
    return guest;
  }

  /** Runs all loops in turn until nothing is left to do. */
  public void settle() {
    while (loops.stream().anyMatch(loop -> !loop.isIdle())) {
      loops.forEach(ManualLoop::runOne);
    }
  }

  /** Lets so much time pass, and everything happen that is due by then. */
  public void pass(Duration time) {
    now = now.plus(time);
    loops.forEach(loop -> loop.advance(time.toMillis()));
    settle();
  }

  /** Lets so much time pass without anybody having looked at what is due. */
  public void skip(Duration time) {
    now = now.plus(time);
  }

  /** Runs one task of a loop that chance chooses. */
  public void step(Random random) {
    loops.get(random.nextInt(loops.size())).runOne();
  }

  /** JSON lines; two of them, since what is framed for one wire must not reach the other. */
  public enum Lines implements Wire {
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
  public final class Guest implements Outbound {
    public final ManualLoop loop;
    public final Wire wire;

    @SuppressWarnings("NullAway.Init") // set as soon as it is connected
    public Intake intake;

    public final List<String> lines = new ArrayList<>();
    private final StringBuilder partial = new StringBuilder();
    public int writes;
    public int pending;
    public int resumed;
    public boolean finished;
    public boolean closed;
    public @Nullable Error failure;
    InetSocketAddress from = new InetSocketAddress(0);

    public Guest(ManualLoop loop, Wire wire) {
      this.loop = loop;
      this.wire = wire;
    }

    /** Sends a line, and lets nothing else happen. */
    public void send(String line) {
      loop.run(() -> intake.handle(RequestDecoder.line(line)));
    }

    /** Sends a line, lets everything happen that follows from it, and returns what was answered. */
    public String ask(String line) {
      hear();
      send(line);
      settle();
      return lines.stream()
          .filter(heard -> !heard.contains("\"context\":\"user\""))
          .reduce((a, b) -> b)
          .orElse("");
    }

    /** What came since the last call. */
    public List<String> hear() {
      settle();
      var heard = List.copyOf(lines);
      lines.clear();
      return heard;
    }

    /** The texts of the messages that came since the last call. */
    public List<String> heard() {
      return texts(hear());
    }

    public String id() {
      return connection().id();
    }

    public Connection connection() {
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

  public static List<String> texts(List<String> lines) {
    return lines.stream()
        .filter(line -> line.startsWith("{\"message\":\""))
        .map(line -> line.substring(12, line.indexOf("\",\"room\"")))
        .toList();
  }
}
