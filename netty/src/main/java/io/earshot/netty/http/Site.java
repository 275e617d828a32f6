package io.earshot.netty.http;

import io.earshot.Config;
import io.earshot.engine.Engine;
import io.earshot.netty.identity.Forwarded;
import io.earshot.netty.identity.Identity;
import io.earshot.netty.identity.Origins;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.spi.Refusal;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import java.net.InetSocketAddress;

/**
 * The common context of all HTTP requests to this server: the engine, the settings, and the
 * policies made of them.
 *
 * <p>Immutable.
 */
public final class Site {
  /** The prefix of the paths of static files. */
  public static final String PUBLIC_PATH = "/public";

  /** The prefix of the paths of the admin API. */
  public static final String ADMIN_PATH = "/admin/";

  /** The prefix of the paths of rooms. */
  public static final String ROOMS_PATH = "/rooms/";

  private final Engine engine;
  private final Config config;
  private final AddressLimits limits;
  private final Identity identity;
  private final Forwarded forwarded;
  private final CrossOrigin crossOrigin;
  private final String serverName;

  public Site(Engine engine, Config config, AddressLimits limits) {
    this.engine = engine;
    this.config = config;
    this.limits = limits;
    this.identity = new Identity(config);
    this.forwarded = Forwarded.of(config.httpServer().trustedProxies());
    this.crossOrigin = new CrossOrigin(new Origins(config.httpServer().corsOrigins()));
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

  public CrossOrigin crossOrigin() {
    return crossOrigin;
  }

  /** The server's name; characters that a header cannot contain are replaced. */
  public String serverName() {
    return serverName;
  }

  /** The length of the longest message that a client may send over any transport, in bytes. */
  public int maxMessageLength() {
    return Math.max(config.tcpServer().maxLineLength(), config.webSockets().maxMessageLength());
  }

  public boolean hasAdmin() {
    return !config.admin().keys().isEmpty();
  }

  /** The room of a WebSocket whose client names none. */
  public JoinRequest defaultJoin() {
    return new JoinRequest(config.general().defaultChatRoom(), null, null);
  }

  /** The client of a request, as trusted proxies report it. */
  Forwarded.Origin origin(Channel channel, HttpRequest request) {
    return forwarded.origin((InetSocketAddress) channel.remoteAddress(), request.headers());
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
    var _ = channel.closeFuture().addListener(_ -> limits.leave(client.getAddress()));
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
