package io.earshot.netty.http;

import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.netty.identity.Forwarded;
import io.earshot.netty.identity.Identity;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.tls.Tls;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request, the client that sent it, and the calls of the engine for that client.
 *
 * <p>Owned by the channel's event loop; the engine's answer is encoded on other threads, after the
 * loop has asked for it.
 */
public final class WebExchange {
  private final Site site;
  private final NettyLoop loop;
  private final FullHttpRequest request;
  private final long since;
  private final InetSocketAddress address;
  private final boolean isSecure;
  private final boolean isKeepAlive;
  private final boolean isHead;

  /** The client by its cookies; null until a route needs it. */
  private Identity.@Nullable Known client;

  public WebExchange(Site site, NettyLoop loop, Channel channel, FullHttpRequest request) {
    Forwarded.Origin origin = site.origin(channel, request);
    this.site = site;
    this.loop = loop;
    this.request = request;
    this.since = System.currentTimeMillis();
    this.address = origin.address();
    this.isSecure = origin.overTls() || Tls.covers(channel);
    this.isKeepAlive = HttpUtil.isKeepAlive(request);
    this.isHead = request.method().equals(HttpMethod.HEAD);
  }

  Site site() {
    return site;
  }

  public NettyLoop loop() {
    return loop;
  }

  public FullHttpRequest request() {
    return request;
  }

  public HttpMethod method() {
    return request.method();
  }

  public HttpHeaders headers() {
    return request.headers();
  }

  /** Path and query, not decoded, without scheme and host. */
  public String uri() {
    return request.uri();
  }

  /** The path, not decoded. */
  public String rawPath() {
    return new QueryStringDecoder(request.uri()).rawPath();
  }

  public boolean isHead() {
    return isHead;
  }

  public boolean isRead() {
    return isHead || request.method().equals(HttpMethod.GET);
  }

  /** Whether the client wants the connection to live after the response. */
  public boolean isKeepAlive() {
    return isKeepAlive;
  }

  /** When the request came, in milliseconds since the epoch. */
  public long since() {
    return since;
  }

  /** The client's address, as trusted proxies report it; the port is 0 behind a proxy. */
  public InetSocketAddress address() {
    return address;
  }

  // --- the client --------------------------------------------------------------------------------

  private Identity.Known client() {
    if (client == null) {
      client =
          site.identity()
              .of(
                  request,
                  address.getAddress().getHostAddress(),
                  site.crossOrigin().trustsCookies(request),
                  isSecure);
    }
    return client;
  }

  /** The client's public id. */
  public String clientId() {
    return client().id();
  }

  private Visitor visitor() {
    return new Visitor(client().id(), client().room(), address);
  }

  /** Gives the client its cookie, if it has none. */
  public void setCookie(FullHttpResponse response) {
    String cookie = client().newCookie();
    if (cookie != null) {
      response.headers().add(HttpHeaderNames.SET_COOKIE, cookie);
    }
  }

  /** Remembers in a cookie which room the client chose. */
  public void setRoomCookie(FullHttpResponse response, String room) {
    response.headers().add(HttpHeaderNames.SET_COOKIE, Identity.roomCookie(room, isSecure));
  }

  /**
   * Refuses a page of another origin that the settings do not allow.
   *
   * @param what the operation that the page requests, for the error text
   */
  public void refuseForeign(String what) throws ProblemException {
    if (site.crossOrigin().isForeign(request)) {
      throw new ProblemException(HttpResponseStatus.FORBIDDEN, foreign(what));
    }
  }

  /** Why a page of another origin is refused. */
  public static String foreign(String what) {
    return "pages of other sites may not "
        + what
        + "; the setting httpServer.corsOrigins says which may";
  }

  // --- the engine --------------------------------------------------------------------------------

  /** Refuses a client that is banned from the server. */
  public void check() throws ProblemException {
    try {
      site.engine().check(visitor());
    } catch (RefusedException e) {
      throw ProblemException.of(e);
    }
  }

  /** Refuses a client without a permission in a room. */
  public void check(String room, Permission permission, @Nullable String token)
      throws ProblemException {
    try {
      site.engine().check(visitor(), room, permission, token);
    } catch (RefusedException e) {
      throw ProblemException.of(e);
    }
  }

  /** Runs an action. Completed on any thread. */
  public CompletableFuture<WebAnswer> ask(String action, Map<String, Json> params) {
    return site.engine().ask(visitor(), action, params);
  }

  /**
   * Sends a message to a room, in the name of the client.
   *
   * @param messageId the client's own id of the message, or null
   * @param key the header {@code Idempotency-Key}, or null; takes precedence over the message id
   */
  public CompletableFuture<Cursor> say(
      String room,
      @Nullable String token,
      Json message,
      @Nullable Audience audience,
      @Nullable Json messageId,
      @Nullable String key) {
    // A client that received no response to its first try has no cookie, and so another id when it
    // tries again. Therefore a key belongs to the client's address.
    String namer = key == null ? client().id() : address.getAddress().getHostAddress();
    Json id = key == null ? messageId : Json.of(key);
    return site.engine().say(visitor(), room, token, message, audience, namer, id);
  }
}
