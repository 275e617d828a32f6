package io.earshot.netty.http;

import io.earshot.Config;
import io.earshot.config.HostPattern;
import io.earshot.engine.Engine;
import io.earshot.netty.identity.Addressed;
import io.earshot.netty.identity.Forwarded;
import io.earshot.netty.identity.Identity;
import io.earshot.netty.identity.Origins;
import io.earshot.netty.identity.OwnHosts;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.Drain;
import io.earshot.protocol.Start;
import io.earshot.spi.Refusal;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The common context of all HTTP requests to this server: the engine, the settings, and the
 * policies made of them.
 *
 * <p>Thread-safe: immutable, except for {@link #streams}, an atomic time and a volatile record.
 */
public final class Site {
  /** The prefix of the paths of static files. */
  public static final String PUBLIC_PATH = "/public";

  /** The prefix of the paths of the admin API. */
  public static final String ADMIN_PATH = "/admin/";

  /** The path of the metrics. */
  public static final String METRICS_PATH = "/metrics";

  /** The prefix of the paths of rooms. */
  public static final String ROOMS_PATH = "/rooms/";

  /** The path of the login of the chat page. */
  public static final String LOGIN_PATH = "/development-login";

  /** The path of the rooms that the query or the body names. */
  public static final String ANY_ROOMS_PATH = "/rooms";

  /** The path of the messages of the room that the query names. */
  public static final String ANY_MESSAGES_PATH = "/messages";

  /** The path of the signals of the room that the query names. */
  public static final String ANY_SIGNALS_PATH = "/signals";

  private static final System.Logger LOG = System.getLogger(Site.class.getName());

  /** In nanoseconds. */
  private static final long HOST_LOG_INTERVAL = TimeUnit.MINUTES.toNanos(1);

  private final Engine engine;
  private final Config config;
  private final AddressLimits limits;
  private final Drain drain;
  private final boolean isForOperators;
  private final Identity identity;
  private final Forwarded forwarded;
  private final OwnHosts hosts;
  private final CrossOrigin crossOrigin;
  private final OpenStreams streams = new OpenStreams();
  private final String serverName;

  /** When the next refusal of a host may be logged, by {@link System#nanoTime}. */
  private final AtomicLong nextHostLog = new AtomicLong(System.nanoTime());

  /** The host that the last request named: nearly all clients name the same. */
  private volatile @Nullable NamedHost lastHost;

  /** A host as a request names it, and what it is; null if it is not valid. */
  private record NamedHost(String text, @Nullable HostPattern host) {}

  /**
   * The context of the requests of one port.
   *
   * @param drain how the server is emptied
   * @param isForOperators whether requests of operators are answered
   */
  public Site(
      Engine engine, Config config, AddressLimits limits, Drain drain, boolean isForOperators) {
    this.engine = engine;
    this.config = config;
    this.limits = limits;
    this.drain = drain;
    this.isForOperators = isForOperators;
    this.identity = new Identity(config, engine.secret());
    this.forwarded = Forwarded.of(config.httpServer().trustedProxies());
    this.hosts = OwnHosts.of(config);
    this.crossOrigin = new CrossOrigin(Origins.of(config.httpServer().corsOrigins()), hosts);
    this.serverName = config.general().serverName().replaceAll("[^\\x20-\\x7E]", "?");
  }

  public Engine engine() {
    return engine;
  }

  public Config config() {
    return config;
  }

  public AddressLimits limits() {
    return limits;
  }

  Identity identity() {
    return identity;
  }

  public Forwarded forwarded() {
    return forwarded;
  }

  /** The hosts that the server answers to. */
  public OwnHosts hosts() {
    return hosts;
  }

  public CrossOrigin crossOrigin() {
    return crossOrigin;
  }

  /** How the server is emptied before it stops. */
  public Drain drain() {
    return drain;
  }

  public OpenStreams streams() {
    return streams;
  }

  /** The server's name; characters that a header cannot contain are replaced. */
  public String serverName() {
    return serverName;
  }

  /** The length of the longest message that a client may send over any transport, in bytes. */
  public int maxMessageLength() {
    return Math.max(config.tcpServer().maxLineLength(), config.webSockets().maxMessageLength());
  }

  /** Whether this port answers operators, apart from the health, which each port answers. */
  public boolean servesOperators() {
    return isForOperators;
  }

  public boolean hasAdmin() {
    return isForOperators && config.admin().isOn();
  }

  /** Whether the paths of files begin at the root, so that any path may be one of them. */
  public boolean hasFilesAtRoot() {
    return config.commonWeb().rootEndpointType() == Config.RootEndpoint.FILE;
  }

  /** The room of a WebSocket whose client names none. */
  public JoinRequest defaultJoin() {
    return new JoinRequest(config.general().defaultChatRoom(), Start.LIVE, null);
  }

  /** The client of a request, as trusted proxies report it. */
  Forwarded.Origin origin(Channel channel, HttpRequest request) {
    return forwarded.origin((InetSocketAddress) channel.remoteAddress(), request.headers());
  }

  /**
   * How the client of a request addressed the server.
   *
   * @param overTls whether its connection to this server uses TLS
   */
  public Addressed addressed(Forwarded.Origin client, HttpRequest request, boolean overTls) {
    HostPattern named = client.host() == null ? null : host(client.host());
    HostPattern host = named;
    if (named != null && named.port() == HostPattern.NO_PORT && client.port() != null) {
      host = HostPattern.ofHeader(client.host() + ":" + client.port());
    }
    String scheme = client.scheme() == null && overTls ? "https" : client.scheme();
    // Browsers speak HTTP/1.1; many proxies speak HTTP/1.0 to the servers behind them.
    boolean isProxied =
        client.isProxied() || request.protocolVersion().equals(HttpVersion.HTTP_1_0);
    // Each browser names a host, so a request without one comes from no page.
    boolean isServed =
        client.host() == null
            || hosts.serves(named)
            || (client.isForwarded() && hosts.named().isEmpty());
    return new Addressed(scheme, host, !isProxied, isServed);
  }

  private @Nullable HostPattern host(String text) {
    NamedHost known = lastHost;
    if (known == null || !known.text.equals(text)) {
      known = new NamedHost(text, HostPattern.ofHeader(text));
      lastHost = known;
    }
    return known.host;
  }

  /**
   * Logs that a request was refused because of its host, at most once in a minute: the host may be
   * a name of this server that the settings lack.
   */
  void hostRefused(@Nullable HostPattern host) {
    long now = System.nanoTime();
    long next = nextHostLog.get();
    if (host != null
        && now - next >= 0
        && nextHostLog.compareAndSet(next, now + HOST_LOG_INTERVAL)) {
      LOG.log(
          Level.WARNING,
          "HTTP requests to the host "
              + host.host()
              + " are refused with 403; if it is a name of this server, add it to httpServer.hosts, or"
              + " the proxy that forwards it to httpServer.trustedProxies");
    }
  }

  /**
   * Counts a connection that is to stay, under the client's own address. Without a proxy it has
   * been counted when it was accepted.
   *
   * @param client the client's address
   * @return false if that address has too many connections
   */
  public boolean admits(Channel channel, InetSocketAddress client) {
    if (client.equals(channel.remoteAddress())) {
      return true;
    }
    if (!limits.enters(client.getAddress())) {
      limits.count(Refusal.CONNECTIONS);
      return false;
    }
    var unused = channel.closeFuture().addListener(ignored -> limits.leave(client.getAddress()));
    return true;
  }

  /** Adds the headers that each response has, except those of static files. */
  public void addHeaders(HttpRequest request, HttpResponse response) {
    response.headers().set("x-content-type-options", "nosniff").set("x-powered-by", serverName);
    // No page of another origin may read the admin API, whatever other paths the settings allow.
    if (!hasAdmin() || !request.uri().startsWith(ADMIN_PATH)) {
      crossOrigin.allow(request, response);
    }
  }
}
