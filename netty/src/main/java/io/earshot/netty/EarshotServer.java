package io.earshot.netty;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.engine.Engine;
import io.earshot.engine.Extensions;
import io.earshot.netty.http.Site;
import io.earshot.netty.identity.OwnHosts;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.Drain;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Sockets;
import io.earshot.netty.operator.MetricsRoute;
import io.earshot.netty.tls.Tls;
import io.earshot.netty.tls.TlsKind;
import io.earshot.spi.BrokerProvider;
import io.earshot.spi.Clocks;
import io.earshot.spi.MetricsExporter;
import io.earshot.spi.ProgramInfo;
import io.earshot.spi.Refusals;
import io.earshot.stats.ServerState;
import io.earshot.stats.ServerStats;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A running server: the rooms, and the ports that clients connect to.
 *
 * <pre>{@code
 * try (var server = EarshotServer.start(Config.defaults().with("tcpServer.port", 0))) {
 *   server.api().chatRoom().socketRoomBroadcast(null, "hello, everybody");
 * }
 * }</pre>
 *
 * <p>Thread-safe: its fields do not change once it is started, and connections belong to the event
 * loops.
 */
public final class EarshotServer implements AutoCloseable {
  /** How often the server looks whether certificates have changed, in seconds. */
  private static final int RELOAD_SECONDS = 2;

  /** How often the server forgets addresses that sent no HTTP request lately, in seconds. */
  private static final int FORGET_SECONDS = 5;

  /** How often the server reads its own counters, for its operator, in seconds. */
  private static final int SAMPLE_SECONDS = 1;

  /** How long a server that stops waits until its events are in Redis. */
  private static final Duration FLUSH = Duration.ofSeconds(5);

  private final Config config;
  private final Engine engine;
  private final AddressLimits limits;
  private final AddressLimits unlimited;
  private final EventLoopGroup group;
  private final Map<EventLoop, NettyLoop> loops;
  private final Listeners listeners;
  private final Listeners management;
  private final Drain drain;
  private final boolean areSocketsLean;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final List<Tls> encryptions = new ArrayList<>();
  private final Instant startedAt = Instant.now();
  private @Nullable MetricsExporter metrics;
  private int tcpPort;
  private int httpPort;
  private int managementPort;

  private EarshotServer(Config config, Sockets sockets) {
    this.config = config;
    long start = System.nanoTime();
    var clocks =
        new Clocks(
            Clock.systemUTC(), () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
    var refusals = new Refusals();
    this.limits = new AddressLimits(config, clocks::elapsed, refusals);
    this.group = sockets.newGroup(config.general().eventLoops());
    this.loops =
        sockets.loops(group).stream()
            .collect(Collectors.toMap(Function.identity(), loop -> new NettyLoop(loop, limits)));
    this.listeners = new Listeners(sockets, group, loops);
    this.management = new Listeners(sockets, group, loops);
    this.areSocketsLean = sockets.areLean();
    this.engine = new Engine(config, List.copyOf(loops.values()), clocks, refusals, programInfo());
    this.unlimited = AddressLimits.none(clocks::elapsed, refusals);
    this.drain = new Drain(this::after, listeners::close, engine::goodbyes);
  }

  /**
   * Starts a server. Clients can connect when this returns.
   *
   * @param config its settings
   * @return the server
   * @throws BindException if it cannot listen; the message names the port and its address
   * @throws IOException if a file that a setting names is missing or wrong; the message names the
   *     setting
   * @throws IllegalArgumentException if two settings contradict each other; the message names them
   */
  public static EarshotServer start(Config config) throws IOException {
    return start(config, ignored -> {});
  }

  /**
   * Starts a server, and lets a program prepare it before its ports open, so that the first client
   * finds all actions. Clients can connect when this returns.
   *
   * @param config its settings
   * @param ready called once, on this thread, before any port opens; this method throws what it
   *     throws
   * @return the server
   * @throws IOException if it cannot listen; the message names the port and its address
   * @throws IllegalArgumentException if two settings contradict each other; the message names them
   */
  public static EarshotServer start(Config config, Consumer<Api> ready) throws IOException {
    config.check();
    var server = new EarshotServer(config, Sockets.choose(config.general().sockets()));
    try {
      server.engine.recover();
      join(config, server.engine);
      ready.accept(server.api());
      server.engine.extensions().start();
      server.openPorts();
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
    return server;
  }

  private static void join(Config config, Engine engine) {
    if (!config.redis().url().isEmpty()) {
      BrokerProvider provider =
          ServiceLoader.load(BrokerProvider.class)
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "redis.url is set, and nothing here can use it: add earshot-redis to the class path"));
      engine.join(provider.broker(config));
      engine.awaitConnected();
    }
  }

  private static ProgramInfo programInfo() {
    return ServiceLoader.load(ProgramInfo.class).findFirst().orElse(ProgramInfo.NONE);
  }

  private void openPorts() throws IOException {
    Config.TcpServer tcp = config.tcpServer();
    Config.HttpServer http = config.httpServer();
    var transports = new Transports(engine, config, loops.values());
    Config.Management operatorsPort = config.management();
    var site = new Site(engine, config, limits, drain, !operatorsPort.enabled());
    // Files that settings name are read before any port opens.
    Tls tcpTls =
        tcp.enabled() && tcp.secure() ? tls("tcpServer", tcp.certFile(), tcp.keyFile()) : null;
    Tls httpTls =
        http.enabled() && http.secure() ? tls("httpServer", http.certFile(), http.keyFile()) : null;
    var lines = new TcpPort(transports, limits, areSocketsLean, tcpTls);
    metrics = exporter();
    MetricsRoute scraped =
        metrics == null || !config.metrics().enabled() ? null : new MetricsRoute(config, metrics);
    var forOperators = new ForOperators(new Health(engine, loops.values(), drain), scraped);
    var web = new HttpPort(transports, site, forOperators, areSocketsLean, httpTls);
    if (operatorsPort.enabled()) {
      var operators = new Site(engine, config, unlimited, drain, true);
      managementPort =
          management.listen(
              HttpPort.ofManagement(transports, operators, forOperators),
              operatorsPort.bindIP(),
              operatorsPort.port());
    }
    if (tcp.enabled()) {
      tcpPort = listeners.listen(lines, tcp.bindIP(), tcp.port());
    }
    warnOfPlainKeys();
    if (http.enabled()) {
      tellOfOpenHosts(site.hosts());
      httpPort = listeners.listen(web, http.bindIP(), http.port());
    }
    every(FORGET_SECONDS, limits::forget);
    every(SAMPLE_SECONDS, engine.monitor()::sample);
    encryptions.forEach(tls -> every(RELOAD_SECONDS, tls::reload));
    if (metrics != null) {
      metrics.start();
    }
  }

  /** The exporter of the metrics; null if no setting asks for it, or the module is not there. */
  private @Nullable MetricsExporter exporter() {
    boolean isSent = !config.metrics().otlpUrl().isEmpty();
    if (!isSent && !config.metrics().enabled()) {
      return null;
    }
    MetricsProvider provider = ServiceLoader.load(MetricsProvider.class).findFirst().orElse(null);
    if (provider == null && isSent) {
      throw new IllegalArgumentException(
          "metrics.otlpUrl is set, and nothing here can use it: add earshot-metrics to the class path");
    }
    return provider == null ? null : provider.exporter(this);
  }

  private Tls tls(String section, String certFile, String keyFile) throws IOException {
    boolean areLines = section.equals("tcpServer");
    var kind = TlsKind.choose(config, areLines, Clock.systemUTC());
    Tls tls = Tls.of(kind, section, certFile, keyFile);
    encryptions.add(tls);
    return tls;
  }

  /** Warns if keys of the admin API cross a network in plain text. */
  private void warnOfPlainKeys() {
    Config.HttpServer http = config.httpServer();
    Config.Management operators = config.management();
    if (!config.admin().isOn()) {
      return;
    }
    if (operators.enabled()) {
      if (!isBoundTo(operators.bindIP(), EarshotServer::isPrivate)) {
        log()
            .log(
                Level.WARNING,
                "admin.keys or admin.users is set, and the port for operators, which does not encrypt, is not"
                    + " bound to loopback or a private network (management.bindIP): keys can be read on the way");
      }
    } else if (http.enabled()
        && !http.secure()
        && !isBoundTo(http.bindIP(), InetAddress::isLoopbackAddress)) {
      log()
          .log(
              Level.WARNING,
              "admin.keys or admin.users is set, and HTTP is neither encrypted (httpServer.secure) nor bound to loopback"
                  + " (httpServer.bindIP): keys can be read on the way");
    }
  }

  private static boolean isPrivate(InetAddress address) {
    return address.isLoopbackAddress() || address.isSiteLocalAddress();
  }

  private static boolean isBoundTo(String bindIp, Predicate<InetAddress> kind) {
    var bound = bindIp.equals("*") ? null : new InetSocketAddress(bindIp, 0);
    return bound != null && !bound.isUnresolved() && kind.test(bound.getAddress());
  }

  /** No constant: the library for epoll is loaded while another thread makes the first logger. */
  private static System.Logger log() {
    return System.getLogger(EarshotServer.class.getName());
  }

  private void tellOfOpenHosts(OwnHosts hosts) {
    if (hosts.isAny() && config.httpServer().hosts().isEmpty()) {
      log()
          .log(
              Level.INFO,
              "HTTP is bound to a public address, and httpServer.hosts is empty: requests to any host name are"
                  + " answered (list the names of this server to prevent DNS rebinding)");
    }
  }

  /** Runs a task that may wait, on a virtual thread, unless the server stops before that. */
  private void after(long millis, Runnable task) {
    if (!group.isShuttingDown()) {
      var unused =
          group
              .next()
              .schedule(() -> Thread.startVirtualThread(task), millis, TimeUnit.MILLISECONDS);
    }
  }

  /** Runs a task that may wait for files, on a virtual thread, until the server stops. */
  private void every(int seconds, Runnable task) {
    var unused =
        group
            .next()
            .scheduleWithFixedDelay(
                () -> Thread.startVirtualThread(task), seconds, seconds, TimeUnit.SECONDS);
  }

  /**
   * The API for programs.
   *
   * @return the API
   */
  public Api api() {
    return engine.api();
  }

  /**
   * What the server counts and measures. Callable from any thread, and waits for nothing.
   *
   * @return the counters, gauges and latencies of all event loops
   */
  public ServerStats stats() {
    return engine.stats();
  }

  /**
   * The state of the server besides its {@link #stats}. Callable from any thread, and waits for
   * nothing.
   *
   * @return the state at this moment
   */
  public ServerState state() {
    return engine.state();
  }

  /**
   * The settings of the server.
   *
   * @return the settings with which it was started
   */
  public Config config() {
    return config;
  }

  /**
   * When the server was started.
   *
   * @return the time of day
   */
  public Instant startedAt() {
    return startedAt;
  }

  /**
   * When the certificates of the secure ports end.
   *
   * @return for each section of the settings, {@code tcpServer} or {@code httpServer}, the end of
   *     the certificate that new connections get; empty without TLS
   */
  public Map<String, Instant> certificateEnds() {
    return encryptions.stream()
        .collect(
            Collectors.toMap(Tls::section, tls -> tls.certificate().getNotAfter().toInstant()));
  }

  /**
   * The extensions of the server, and the values that they have for its metrics.
   *
   * @return the extensions
   */
  public Extensions extensions() {
    return engine.extensions();
  }

  AddressLimits limits() {
    return limits;
  }

  int waitingPolls() {
    return engine.http().waitingPolls();
  }

  /**
   * The port that TCP clients connect to.
   *
   * @return the port, or 0 if TCP is not enabled
   */
  public int tcpPort() {
    return tcpPort;
  }

  /**
   * The port that HTTP and WebSocket clients connect to.
   *
   * @return the port, or 0 if HTTP is not enabled
   */
  public int httpPort() {
    return httpPort;
  }

  /**
   * The port for operators.
   *
   * @return the port, or 0 if {@code management.enabled} is false
   */
  public int managementPort() {
    return managementPort;
  }

  /**
   * Empties the server, as {@code general.drainDelay} and {@code general.drainTime} say: {@code
   * /readyz} says from now on that it is not ready; after the delay it accepts no more clients, and
   * ends the connections of its clients at an even rate over the time. Only the first call has an
   * effect. {@link #close} must follow.
   *
   * @return complete when no client is left, or the time is over; on any thread
   */
  public CompletableFuture<@Nullable Void> drain() {
    Config.General general = config.general();
    drain.begin(new Drain.Plan(general.drainDelay(), general.drainTime()));
    return drain.done();
  }

  /**
   * Whether the server is being emptied, or was, by {@link #drain} or through the admin API.
   *
   * @return true from the begin of the drain on
   */
  public boolean isDraining() {
    return drain.plan() != null;
  }

  /**
   * Waits until the server has been emptied by {@link #drain} or through the admin API, however
   * long that takes to begin.
   *
   * @return complete when {@link #close} is due; on any thread
   */
  public CompletableFuture<@Nullable Void> drained() {
    return drain.done();
  }

  /**
   * Stops the server: accepts no more connections, ends the open ones with a reason, and waits
   * until they are closed, for at most the setting {@code general.shutdownTimeout}. Idempotent.
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
    if (metrics != null) {
      metrics.close();
    }
    listeners.close();
    management.close();
    engine.closeAll();
    CompletableFuture<?>[] emptied =
        loops.values().stream()
            .map(loop -> loop.emptied().toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(emptied)
          .thenCompose(ignored -> engine.whenHooksIdle())
          .get(config.general().shutdownTimeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      loops.values().forEach(loop -> loop.execute(loop::closeAll));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a loop failed to empty", e);
    }
    engine.extensions().close();
    engine.flushFeed(FLUSH);
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    encryptions.forEach(Tls::close);
    engine.close();
  }
}
