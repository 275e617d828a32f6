package io.earshot.engine;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.RequestDecoder;
import io.earshot.spi.Clocks;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Loop;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import io.earshot.stats.LoopStats;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A message in a room, from the decoded request to the bytes for the sockets of all members. */
@State(Scope.Thread)
public class DeliverBenchmark {

  /** The number of members of the room. */
  @Param({"2", "10", "100", "1000"})
  public int members;

  private final StepLoop loop = new StepLoop();
  private @Nullable Intake sender;
  private long written;

  /** Called by JMH. */
  public DeliverBenchmark() {}

  /** An event loop whose tasks the benchmark runs. */
  private static final class StepLoop implements Loop {
    private final LoopStats stats = new LoopStats(System::nanoTime);
    private final Queue<Runnable> tasks = new ArrayDeque<>();

    @Override
    public LoopStats stats() {
      return stats;
    }

    @Override
    public boolean inLoop() {
      return true;
    }

    @Override
    public void execute(Runnable task) {
      tasks.add(task);
    }

    @Override
    public void schedule(Runnable task, long millis) {}

    void turn() {
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
    }
  }

  /** The wire format of JSON lines. */
  private static final class Lines implements Wire {
    @Override
    public void frame(byte[] json, @Nullable Cursor place, ByteBuf out) {
      out.writeBytes(json).writeByte('\n');
    }

    @Override
    public void end(Ending ending, ByteBuf out) {}
  }

  /** A socket that accepts all bytes. */
  private final class Sink implements Outbound {
    @Override
    public SocketAddress remoteAddress() {
      return new InetSocketAddress(0);
    }

    @Override
    public void write(ByteBuf batch, int offset, int length) {
      written += length;
    }

    @Override
    public int pendingBytes() {
      return 0;
    }

    @Override
    public void resume() {}

    @Override
    public void finish() {}

    @Override
    public void close() {}
  }

  /** Connects the members. */
  @Setup
  public void fill() {
    // Without the rate limits, which would refuse nearly all messages of the one sender.
    Config config =
        Config.defaults()
            .with("rooms.announcements", false)
            .with("rooms.messagesPerSecond", 0)
            .with("limits.messagesPerSecond", 0)
            .with("limits.bytesPerSecond", 0);
    var earshot =
        new Engine(
            config,
            List.of(loop),
            new Clocks(InstantSource.system(), () -> System.nanoTime() / 1_000_000));
    var wire = new Lines();
    for (int i = 0; i < members; i++) {
      sender = earshot.connect(loop, new Sink(), wire, Transport.TCP);
    }
    loop.turn();
  }

  /**
   * Sends one message.
   *
   * @return the number of bytes written so far
   */
  @Benchmark
  public long say() {
    if (sender != null) {
      sender.handle(RequestDecoder.line("say hello, everybody in this room"));
    }
    loop.turn();
    return written;
  }
}
