package io.earshot.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.AddressRange;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Transport;
import io.earshot.connection.UserFixture;
import io.earshot.engine.Engine;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.RequestDecoder;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.session.ClientConnection;
import io.earshot.spi.Clocks;
import io.earshot.spi.ConnectRequest;
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
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A server without sockets or threads. The test runs its loops, moves its clock, and reads what its
 * clients have received line by line.
 *
 * <p>Owned by the test's thread.
 */
public final class TestServer {
  /** When the clock starts, unless the test says so. */
  public static final Instant NOW = Instant.ofEpochMilli(1_357_000_000_000L);

  public final List<ManualLoop> loops;
  public final Engine earshot;
  private Instant now;

  /** The clock of durations, in milliseconds. */
  private long elapsed;

  /** A server with one loop and the default configuration. */
  public TestServer() {
    this(1, Config.defaults());
  }

  public TestServer(int loops, Config config) {
    this(loops, config, NOW);
  }

  /** A server that announces new connections at once, so that tests need not wait. */
  public TestServer(int loops, Config config, Instant now) {
    this(config.with("rooms.announceAfter", Duration.ZERO), loops, now);
  }

  /** A server that announces new connections as the configuration says. */
  public static TestServer announcing(Config config) {
    return announcing(1, config);
  }

  /** The same, with several loops. */
  public static TestServer announcing(int loops, Config config) {
    return new TestServer(config, loops, NOW);
  }

  private TestServer(Config config, int loops, Instant now) {
    this.now = now;
    this.loops = IntStream.range(0, loops).mapToObj(i -> new ManualLoop()).toList();
    this.earshot = new Engine(config, this.loops, new Clocks(() -> this.now, () -> this.elapsed));
  }

  public Instant now() {
    return now;
  }

  /** The default configuration, without announcements of joins and leaves. */
  public static Config quiet() {
    return Config.defaults().with("rooms.announcements", false);
  }

  /** A client of the first loop. */
  public Guest guest() {
    return guest(0, Lines.ONE);
  }

  /** A client that connects by TCP to the loop with an index. */
  public Guest guest(int loop, Wire wire) {
    var guest = new Guest(loops.get(loop), wire);
    guest.loop.run(() -> guest.intake = earshot.connect(guest.loop, guest, wire, Transport.TCP));
    return guest;
  }

  /** A client of the first loop that connects from an address to a room, perhaps with a token. */
  public Guest guest(String address, Transport transport, String room, @Nullable String token) {
    var guest = new Guest(loops.getFirst(), Lines.ONE);
    guest.from = new InetSocketAddress(AddressRange.address(address), 1);
    guest.loop.run(
        () ->
            guest.intake =
                earshot.connect(
                    guest.loop,
                    guest,
                    guest.wire,
                    transport,
                    room,
                    Start.LIVE,
                    token,
                    ConnectRequest.NONE));
    return guest;
  }

  /** A client of a loop that has logged in before it enters the default room. */
  public Guest guest(int loop, User user, Transport transport) {
    var guest = new Guest(loops.get(loop), Lines.ONE);
    guest.loop.run(
        () -> {
          guest.intake =
              earshot.connect(
                  guest.loop,
                  guest,
                  guest.wire,
                  transport,
                  null,
                  Start.LIVE,
                  null,
                  ConnectRequest.NONE);
          UserFixture.identify(guest.connection(), user);
        });
    guest.send("roomChange " + earshot.api().configData().general().defaultChatRoom());
    return guest;
  }

  /** Runs all loops in turn until no task is queued. */
  public void settle() {
    while (loops.stream().anyMatch(loop -> !loop.isIdle())) {
      loops.forEach(ManualLoop::runOne);
    }
  }

  /**
   * Runs the loops until other threads have brought about a condition, and then until no task is
   * queued.
   *
   * @param what names the condition in the error if it does not hold in time
   */
  public void runUntil(String what, BooleanSupplier condition) {
    Await.until(
        what,
        () -> {
          settle();
          return condition.getAsBoolean();
        });
    settle();
  }

  /** Lets time pass, and everything happen that is due by then. */
  public void pass(Duration time) {
    skip(time);
    loops.forEach(loop -> loop.advance(time));
    settle();
  }

  /** Moves the clock, but runs no timers, as if the loops were busy. */
  public void skip(Duration time) {
    now = now.plus(time);
    elapsed += time.toMillis();
  }

  /** Sets the wall clock forward, or back by a negative time, while no time passes. */
  public void setClock(Duration by) {
    now = now.plus(by);
  }

  /** The clock of durations, in milliseconds. */
  public long elapsed() {
    return elapsed;
  }

  /** Runs one task of a loop that chance chooses. */
  public void step(Random random) {
    loops.get(random.nextInt(loops.size())).runOne();
  }

  /** JSON lines. Two equal wires, to test that bytes framed for one do not reach the other. */
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

  /** A client, and the lines that it has received. */
  public final class Guest implements Outbound {
    public final ManualLoop loop;
    public final Wire wire;

    @SuppressWarnings("NullAway.Init") // set as soon as it is connected
    public Intake intake;

    /** The lines received and not taken by {@link #hear}. */
    public final List<String> lines = new ArrayList<>();

    private final StringBuilder partial = new StringBuilder();

    /** How often the server has written. */
    public int writes;

    /** What {@link #pendingBytes} gives. */
    public int pending;

    /** How often the server has resumed reading from this client. */
    public int resumed;

    public boolean finished;
    public boolean closed;

    /** What {@link #write} throws; null to write. */
    public @Nullable Error failure;

    InetSocketAddress from = new InetSocketAddress(0);

    public Guest(ManualLoop loop, Wire wire) {
      this.loop = loop;
      this.wire = wire;
    }

    /** Sends a line, and runs no loop but for the line itself. */
    public void send(String line) {
      loop.run(() -> intake.handle(RequestDecoder.line(line)));
    }

    /** Sends a line, lets everything happen, and gives the last line that is no room message. */
    public String ask(String line) {
      hear();
      send(line);
      settle();
      return lines.stream()
          .filter(heard -> !heard.contains("\"context\":\"user\""))
          .reduce((a, b) -> b)
          .orElse("");
    }

    /** Lets everything happen, and gives the lines received since the last call. */
    public List<String> hear() {
      settle();
      var heard = List.copyOf(lines);
      lines.clear();
      return heard;
    }

    /** The texts of the room messages among them. */
    public List<String> heard() {
      return texts(hear());
    }

    public String id() {
      return connection().id();
    }

    public Connection connection() {
      return (ClientConnection) intake;
    }

    /** Logs in as a user, or out. */
    public void identify(@Nullable User user) {
      loop.run(() -> UserFixture.identify(connection(), user));
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

  /** The token of the session that a welcome or an answer names. */
  public static String session(String line) {
    assertThat(line).contains("\"session\":\"");
    return line.replaceAll(".*\"session\":\"([^\"]*)\".*", "$1");
  }

  /** The texts of the room messages among some lines. */
  public static List<String> texts(List<String> lines) {
    return lines.stream()
        .filter(line -> line.startsWith("{\"message\":\""))
        .map(line -> line.substring(12, line.indexOf("\",\"room\"")))
        .toList();
  }
}
