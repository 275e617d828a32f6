package io.earshot.netty;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.engine.Engine;
import io.earshot.spi.BrokerProvider;
import io.earshot.spi.Refusals;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A running server: rooms, and the doors to them.
 *
 * <pre>{@code
 * try (var server = EarshotServer.start(Config.defaults().with("tcpServer.port", 0))) {
 *   server.api().chatRoom().socketRoomBroadcast(null, "hello, everybody");
 * }
 * }</pre>
 *
 * <p>Thread-safe: what it holds is final, and belongs to the event loops.
 */
public final class EarshotServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(EarshotServer.class.getName());

  /** So often it is looked whether certificates have changed. */
  private static final int RELOAD_SECONDS = 2;

  /** So often addresses are forgotten that have sent no HTTP request lately. */
  private static final int FORGET_SECONDS = 5;

  /** So many channels may wait at once for their clients to read why they are sent away. */
  private static final int FAREWELLS = 256;

  private final Config config;
  private final Engine earshot;
  private final Guard guard;
  private final EventLoopGroup group;
  private final Map<EventLoop, NettyLoop> loops;
  private final List<Runnable> listeners = new ArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicInteger farewells = new AtomicInteger();
  private int tcpPort;
  private int httpPort;

  private EarshotServer(Config config, Sockets sockets) {
    this.config = config;
    var clock = Clock.systemUTC();
    var refusals = new Refusals();
    this.guard = new Guard(config, clock, refusals);
    this.group = sockets.newGroup(config.general().eventLoops());
    this.loops =
        sockets.loops(group).stream()
            .collect(Collectors.toMap(Function.identity(), loop -> new NettyLoop(loop, guard)));
    this.earshot = new Engine(config, List.copyOf(loops.values()), clock, refusals);
  }

  /**
   * Starts a server. It serves when this returns.
   *
   * @param config its settings
   * @return the server
   * @throws BindException if it cannot listen; the message names the door and its address
   * @throws IOException if a file that a setting names is missing or wrong; the message names the
   *     setting
   * @throws IllegalArgumentException if two settings do not go together; the message names them
   */
  public static EarshotServer start(Config config) throws IOException {
    return start(config, _ -> {});
  }

  /**
   * Starts a server that is made ready before its doors open, so that its first client finds all
   * actions. It serves when this returns.
   *
   * @param config its settings
   * @param ready called once, on this thread; what it throws comes from here, and nothing is open
   * @return the server
   * @throws IOException if it cannot listen; the message names the door and its address
   * @throws IllegalArgumentException if two settings do not go together; the message names them
   */
  public static EarshotServer start(Config config, Consumer<Api> ready) throws IOException {
    config.check();
    Sockets sockets = Sockets.choose(config.general().sockets());
    var server = new EarshotServer(config, sockets);
    try {
      server.earshot.recover();
      join(config, server.earshot);
      ready.accept(server.api());
      var doors = new Doors(server.earshot, config, sockets.areLean(), server.guard);
      Config.TcpServer tcp = config.tcpServer();
      if (tcp.enabled()) {
        server.tcpPort =
            doors.areLinesLean()
                ? server.listenLeanly(
                    "TCP", tcp.bindIP(), tcp.port(), doors.lineKeeper(), doors::openLines)
                : server.listen(
                    sockets, "TCP", tcp.bindIP(), tcp.port(), doors.lineKeeper(), doors::openLines);
      }
      Config.HttpServer http = config.httpServer();
      warnOfPlainKeys(config);
      if (http.enabled()) {
        server.httpPort =
            doors.isHttpLean()
                ? server.listenLeanly(
                    "HTTP", http.bindIP(), http.port(), doors.httpKeeper(), doors::openHttp)
                : server.listen(
                    sockets,
                    "HTTP",
                    http.bindIP(),
                    http.port(),
                    doors.httpKeeper(),
                    doors::openHttp);
      }
      server.every(FORGET_SECONDS, server.guard::forget);
      if (doors.areSecure()) {
        server.every(RELOAD_SECONDS, doors::reload);
      }
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
    return server;
  }

  private static void join(Config config, Engine earshot) {
    if (!config.redis().url().isEmpty()) {
      BrokerProvider provider =
          ServiceLoader.load(BrokerProvider.class)
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "redis.url is set, and nothing here can use it: add earshot-redis to the class path"));
      earshot.join(provider.broker(config));
      earshot.awaitOthers();
    }
  }

  private static void warnOfPlainKeys(Config config) {
    Config.HttpServer http = config.httpServer();
    if (http.enabled() && !http.secure() && !config.admin().keys().isEmpty()) {
      var bound = http.bindIP().equals("*") ? null : new InetSocketAddress(http.bindIP(), 0);
      if (bound == null || bound.isUnresolved() || !bound.getAddress().isLoopbackAddress()) {
        LOG.log(
            Level.WARNING,
            "admin.keys is set, and HTTP is neither encrypted (httpServer.secure) nor bound to loopback"
                + " (httpServer.bindIP): keys can be read on the way");
      }
    }
  }

  /** Runs a task that may wait for files, off the event loops, until the server stops. */
  private void every(int seconds, Runnable task) {
    var _ =
        group
            .next()
            .scheduleWithFixedDelay(
                () -> Thread.startVirtualThread(task), seconds, seconds, TimeUnit.SECONDS);
  }

  private int listen(
      Sockets sockets,
      String door,
      String ip,
      int port,
      Doorkeeper keeper,
      BiConsumer<Channel, NettyLoop> open)
      throws IOException {
    InetSocketAddress address = address(door, ip, port);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(group)
            .channelFactory(sockets.listeners())
            .option(ChannelOption.SO_BACKLOG, 4096)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    letIn(channel, keeper, open);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw cannotListen(door, ip, port, bound.cause());
    }
    listeners.add(() -> bound.channel().close().awaitUninterruptibly());
    return ((InetSocketAddress) bound.channel().localAddress()).getPort();
  }

  private void letIn(Channel channel, Doorkeeper keeper, BiConsumer<Channel, NettyLoop> open) {
    if (!(channel.remoteAddress() instanceof InetSocketAddress remote)) {
      var _ = channel.close(); // gone already
    } else if (keeper.admits(remote)) {
      var _ = channel.closeFuture().addListener(_ -> guard.leave(remote.getAddress()));
      open.accept(channel, loop(channel));
    } else {
      channel.eventLoop().execute(() -> sendAway(channel, keeper.words()));
    }
  }

  /** Tells a client why, and closes when it had time to read it, unless many have that already. */
  private void sendAway(Channel channel, byte[] words) {
    Runnable close =
        () -> {
          var _ = channel.close();
        };
    if (words.length == 0) {
      close.run();
      return;
    }
    boolean isPatient = farewells.incrementAndGet() <= FAREWELLS;
    var _ = channel.closeFuture().addListener(_ -> farewells.decrementAndGet());
    var _ =
        channel
            .writeAndFlush(Unpooled.wrappedBuffer(words))
            .addListener(
                _ -> {
                  if (isPatient && channel instanceof DuplexChannel duplex) {
                    var _ = duplex.shutdownOutput();
                    var _ = channel.eventLoop().schedule(close, 1, TimeUnit.SECONDS);
                  } else {
                    close.run();
                  }
                });
  }

  /** The same for clients that need no channel. */
  private int listenLeanly(
      String door, String ip, int port, Doorkeeper keeper, LeanListener.Door open)
      throws IOException {
    InetSocketAddress address = address(door, ip, port);
    try {
      var listener = LeanListener.listen(List.copyOf(loops.values()), address, keeper, open);
      listeners.add(listener::close);
      return listener.port();
    } catch (IOException e) {
      throw cannotListen(door, ip, port, e);
    }
  }

  private static InetSocketAddress address(String door, String ip, int port) throws BindException {
    var address = ip.equals("*") ? new InetSocketAddress(port) : new InetSocketAddress(ip, port);
    if (ip.isBlank() || address.isUnresolved()) {
      var nobody =
          new BindException(
              "'" + ip + "' is no address of this machine that " + door + " could listen on");
      nobody.initCause(new UnknownHostException(ip));
      throw nobody;
    }
    return address;
  }

  private static BindException cannotListen(String door, String ip, int port, Throwable cause) {
    String at = door + " port " + port + (ip.equals("*") ? "" : " of " + ip);
    String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    var failure =
        new BindException(
            reason.contains("in use")
                ? at + " is in use by another program"
                : at + " cannot be listened on: " + reason);
    failure.initCause(cause);
    return failure;
  }

  private NettyLoop loop(Channel channel) {
    NettyLoop loop = loops.get(channel.eventLoop());
    if (loop == null) {
      throw new IllegalStateException("a channel on a loop of another group");
    }
    return loop;
  }

  /**
   * What programs call.
   *
   * @return the API
   */
  public Api api() {
    return earshot.api();
  }

  Guard guard() {
    return guard;
  }

  int waitingPolls() {
    return earshot.waitingPolls();
  }

  /**
   * Where TCP clients connect to.
   *
   * @return the port, or 0 if TCP is not enabled
   */
  public int tcpPort() {
    return tcpPort;
  }

  /**
   * Where HTTP and WebSocket clients connect to.
   *
   * @return the port, or 0 if HTTP is not enabled
   */
  public int httpPort() {
    return httpPort;
  }

  /**
   * Stops: takes no more connections, says goodbye to those there are, and waits until they are
   * gone, for at most the setting {@code general.shutdownTimeout}. Idempotent.
   *
   * @throws IllegalStateException if called on an event loop, such as from the callback of a stage
   */
  @Override
  public void close() {
    if (loops.values().stream().anyMatch(NettyLoop::inLoop)) {
      throw new IllegalStateException(
          "close() waits for the event loops, and this is one; call it elsewhere");
    }
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    listeners.forEach(Runnable::run);
    earshot.dismissAll();
    CompletableFuture<?>[] emptied =
        loops.values().stream()
            .map(loop -> loop.emptied().toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(emptied)
          .thenCompose(_ -> earshot.hooksTold())
          .get(config.general().shutdownTimeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      loops.values().forEach(loop -> loop.execute(loop::closeAll));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a loop failed to empty", e);
    }
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    earshot.close();
  }
}
