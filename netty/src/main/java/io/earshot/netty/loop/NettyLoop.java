package io.earshot.netty.loop;

import io.earshot.spi.Intake;
import io.earshot.spi.Loop;
import io.earshot.spi.SlowClient;
import io.earshot.stats.Gauge;
import io.earshot.stats.LoopStats;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandle;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.Future;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One of Netty's event loops, and the sockets on it. One sweep a second checks the time limits of
 * all sockets, so that no socket has a timer of its own.
 *
 * <p>Owned by that event loop; {@link #execute}, {@link #inLoop} and {@link #emptied} may be called
 * on any thread.
 */
public final class NettyLoop implements Loop {

  private static final System.Logger LOG = System.getLogger(NettyLoop.class.getName());

  /** The most that is read from one socket at a time, in bytes. */
  private static final int READ_BUFFER = 64 * 1024;

  /** How many slow tasks are run before sockets are read again. */
  private static final int SLOW_TASKS_PER_TURN = 4;

  /** How many clients that do not read are remembered. */
  static final int MOST_SLOW = 50;

  private static final long SWEEP_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final IoEventLoop eventLoop;
  private final AddressLimits limits;
  private final LoopStats stats = new LoopStats(System::nanoTime);
  private final List<Swept> swept = new ArrayList<>();
  private final Queue<Runnable> slow = new ArrayDeque<>();
  private final CompletableFuture<Void> emptied = new CompletableFuture<>();
  private boolean closing;
  private int open;
  private int now;
  private int lastReport = -1;
  private volatile long lastSweep = System.nanoTime();

  /** When the next sweep is due. */
  private long sweepDue = lastSweep + SWEEP_NANOS;

  private long backlog;
  private int backlogged;

  // Comparator.comparingInt would make the JVM create classes at each start.
  /** The clients for which most bytes wait, of the sweep that is under way; the least first. */
  private final Queue<SlowClient> slowest =
      new PriorityQueue<>((a, b) -> Integer.compare(a.bytes(), b.bytes()));

  private volatile List<SlowClient> slowClients = List.of();

  /** The sockets that send at the end of this turn. */
  private List<Swept> sending = new ArrayList<>();

  private List<Swept> spare = new ArrayList<>();

  /** The buffer that all lean sockets read into; null until the first read. */
  private @Nullable ByteBuf readBuffer;

  public NettyLoop(IoEventLoop eventLoop, AddressLimits limits) {
    this.eventLoop = eventLoop;
    this.limits = limits;
    var unused =
        eventLoop.scheduleWithFixedDelay(
            this::sweep, SWEEP_NANOS, SWEEP_NANOS, TimeUnit.NANOSECONDS);
  }

  @Override
  public LoopStats stats() {
    return stats;
  }

  @Override
  public List<SlowClient> slowClients() {
    return slowClients;
  }

  /** The limits of each address, which count connections that end. */
  public AddressLimits limits() {
    return limits;
  }

  /** Registers a handle. The future is completed when this returns. */
  public Future<IoRegistration> register(IoHandle handle) {
    return eventLoop.register(handle);
  }

  /**
   * Registers a channel, and lets it read bytes that were read before it existed.
   *
   * @param open initializes the channel
   * @param read the bytes, borrowed
   */
  public void adopt(Channel channel, Consumer<Channel> open, ByteBuf read) {
    channel
        .pipeline()
        .addLast(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel opened) {
                open.accept(opened);
              }
            });
    ByteBuf bytes = read.copy();
    EventLoop forChannels = eventLoop; // IoEventLoop deprecates the registration of channels
    var unused =
        forChannels
            .register(channel)
            .addListener(
                registered -> {
                  if (registered.isSuccess() && !channel.isActive()) {
                    bytes.release();
                    channel.pipeline().fireChannelInactive(); // the client has left
                  } else if (registered.isSuccess()) {
                    channel.pipeline().fireChannelRead(bytes).fireChannelReadComplete();
                  } else {
                    bytes.release();
                    report(LOG, "making a channel failed", registered.cause());
                    var unusedClose = channel.close();
                  }
                });
  }

  /** The buffer that all sockets of this loop share, empty. The next read overwrites it. */
  public ByteBuf readBuffer() {
    if (readBuffer == null) {
      readBuffer = Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(READ_BUFFER));
    }
    return readBuffer.clear();
  }

  @Override
  public boolean inLoop() {
    return eventLoop.inEventLoop();
  }

  @Override
  public void execute(Runnable task) {
    eventLoop.execute(task);
  }

  /** Calls {@link Swept#endTurn} of a socket after the tasks that are there now. */
  public void endTurn(Swept socket) {
    if (sending.isEmpty()) {
      execute(this::endTurn);
    }
    sending.add(socket);
  }

  private void endTurn() {
    List<Swept> sockets = sending;
    sending = spare;
    spare = sockets;
    for (Swept socket : sockets) {
      try {
        socket.endTurn();
      } catch (RuntimeException | Error e) {
        report(LOG, "sending at the end of a turn failed", e);
        socket.close();
      }
    }
    sockets.clear();
  }

  @Override
  public void schedule(Runnable task, long millis) {
    var unused = eventLoop.schedule(task, millis, TimeUnit.MILLISECONDS);
  }

  /**
   * Runs a task that computes for up to a millisecond, in this turn or a later one: a few such
   * tasks in each turn, between those of the rooms. Called on this loop.
   */
  public void executeInTurns(Runnable task) {
    slow.add(task);
    if (slow.size() == 1) {
      runSlowTasksLater();
    }
  }

  private void runSlowTasksLater() {
    // A task that is executed from a task would still be part of this turn; a scheduled one is not.
    var unused = eventLoop.schedule(this::runSlowTasks, 0, TimeUnit.NANOSECONDS);
  }

  private void runSlowTasks() {
    for (int i = 0; i < SLOW_TASKS_PER_TURN && !slow.isEmpty(); i++) {
      try {
        slow.element().run(); // it stays first meanwhile, so that no task starts a second chain
      } catch (RuntimeException | Error e) {
        report(LOG, "a task failed", e);
      }
      slow.remove();
    }
    if (!slow.isEmpty()) {
      runSlowTasksLater();
    }
  }

  /** The seconds that this loop has run. */
  public int now() {
    return now;
  }

  /** Adds a socket that was opened. It is swept until {@link Swept#sweep} returns false. */
  public void opened(Swept socket) {
    open++;
    swept.add(socket);
    if (closing) {
      socket.close();
    }
  }

  /** Counts that a socket was closed. */
  public void closed() {
    if (--open == 0 && closing) {
      emptied.complete(null);
    }
  }

  /** Stops all sockets, and closes new ones at once. Completed when all are closed. */
  public CompletionStage<Void> emptied() {
    execute(
        () -> {
          closing = true;
          List.copyOf(swept).forEach(Swept::stop);
          if (open == 0) {
            emptied.complete(null);
          }
        });
    return emptied;
  }

  /** Closes all sockets at once. */
  public void closeAll() {
    List.copyOf(swept).forEach(Swept::close);
  }

  /** Logs a fault of the server: at most one a second, since a client may be able to cause it. */
  public void report(System.Logger log, String what, Throwable fault) {
    if (lastReport != now) {
      lastReport = now;
      log.log(System.Logger.Level.ERROR, what, fault);
    }
  }

  private boolean sweep(Swept socket) {
    try {
      return socket.sweep(now);
    } catch (RuntimeException | Error e) {
      report(LOG, "checking the time limits of a socket failed", e);
      socket.close();
      return false;
    }
  }

  private void sweep() {
    now++;
    lastSweep = System.nanoTime();
    measureLag();
    backlog = 0;
    backlogged = 0;
    slowest.clear();
    for (int i = swept.size() - 1; i >= 0; i--) {
      if (!sweep(swept.get(i))) {
        Swept last = swept.removeLast();
        if (i < swept.size()) {
          swept.set(i, last);
        }
      }
    }
    slowClients = slowest.isEmpty() ? List.of() : List.copyOf(slowest);
    stats.set(Gauge.BACKLOG_BYTES, backlog);
    stats.set(Gauge.BACKLOGGED_CLIENTS, backlogged);
    sweepDue = System.nanoTime() + SWEEP_NANOS;
  }

  /** How long ago the last sweep was, which is due each second. Callable from any thread. */
  public Duration idleFor() {
    return Duration.ofNanos(System.nanoTime() - lastSweep);
  }

  /** Measures how late this sweep is, and how long a task waits that is submitted now. */
  private void measureLag() {
    long submitted = System.nanoTime();
    long late = submitted - sweepDue;
    execute(() -> stats.set(Gauge.LAG_NANOS, Math.max(late, System.nanoTime() - submitted)));
  }

  /**
   * Adds to the bytes that wait for clients; called by each socket in a sweep.
   *
   * @param client the client; null while it has said nothing
   */
  public void countBacklog(int bytes, @Nullable Intake client) {
    if (bytes > 0) {
      backlog += bytes;
      backlogged++;
      if (client != null) {
        addSlow(client, bytes);
      }
    }
  }

  private void addSlow(Intake client, int bytes) {
    SlowClient least = slowest.size() < MOST_SLOW ? null : slowest.peek();
    if (least == null || least.bytes() < bytes) {
      slowest.add(new SlowClient(client, bytes));
    }
    if (slowest.size() > MOST_SLOW) {
      slowest.remove();
    }
  }
}
