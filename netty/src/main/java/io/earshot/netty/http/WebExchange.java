package io.earshot.netty.http;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.netty.identity.Addressed;
import io.earshot.netty.identity.BearerToken;
import io.earshot.netty.identity.ClientRequest;
import io.earshot.netty.identity.Forwarded;
import io.earshot.netty.identity.Identity;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.tls.Tls;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.spi.VerifiedLogin;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request, the client that sent it, and the calls of the engine for that client.
 *
 * <p>Owned by the channel's event loop; the engine's answer is encoded on other threads, after the
 * loop has asked for it.
 */
public final class WebExchange {
  /** The form of a signed token. */
  private static final Pattern JWT = Pattern.compile("eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]+");

  private final Site site;
  private final NettyLoop loop;
  private final FullHttpRequest request;
  private final long since;
  private final InetSocketAddress address;
  private final Addressed addressed;
  private final boolean isProxied;
  private final boolean isForwarded;
  private final boolean isSecure;
  private final boolean isKeepAlive;
  private final boolean isHead;

  /** The client by its cookies; null until a route needs it. */
  private Identity.@Nullable Known client;

  private @Nullable ClientRequest clientRequest;

  /** The login, or why it is refused; volatile, since another thread may have waited for keys. */
  private volatile @Nullable VerifiedLogin login;

  private volatile @Nullable Throwable loginFailure;

  public WebExchange(Site site, NettyLoop loop, Channel channel, FullHttpRequest request) {
    Forwarded.Origin origin = site.origin(channel, request);
    this.site = site;
    this.loop = loop;
    this.request = request;
    this.since = System.nanoTime();
    this.address = origin.address();
    this.isProxied =
        Forwarded.isProxied(request.headers())
            || request.protocolVersion().equals(HttpVersion.HTTP_1_0);
    this.isForwarded = origin.isForwarded();
    this.isSecure = origin.overTls() || Tls.covers(channel);
    this.addressed = site.addressed(origin, request, Tls.covers(channel));
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

  /** How long ago the request came, in milliseconds. */
  public long duration() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
  }

  /** The client's address, as trusted proxies report it; the port is 0 behind a proxy. */
  public InetSocketAddress address() {
    return address;
  }

  /** Whether a proxy sent the request, trusted or not, as far as that can be seen. */
  public boolean isProxied() {
    return isProxied;
  }

  /** Whether a trusted proxy sent the request, and {@link #address} is what it says. */
  public boolean isForwarded() {
    return isForwarded;
  }

  // --- the client --------------------------------------------------------------------------------

  private Identity.Known client() {
    if (client == null) {
      client =
          site.identity()
              .of(
                  request,
                  address.getAddress().getHostAddress(),
                  site.crossOrigin().trustsCookies(request, addressed),
                  isSecure);
    }
    return client;
  }

  /** The client's public id. */
  public String clientId() {
    return client().id();
  }

  /** The user that the client has shown to be; null without a login. */
  public @Nullable User user() {
    return login == null ? null : login.login().user();
  }

  private Visitor visitor() {
    return new Visitor(client().id(), client().room(), address, login, clientRequest());
  }

  // --- the login ---------------------------------------------------------------------------------

  /** What the client has sent by which it may connect. */
  public ClientRequest clientRequest() {
    ClientRequest known = clientRequest;
    if (known == null) {
      boolean namesRoom = namesRoom();
      known =
          ClientRequest.of(
              request,
              site.config().users().cookie(),
              site.crossOrigin().trustsCookies(request, addressed),
              namesRoom,
              namesRoom); // actions have params of their own, and token may be one of them
      clientRequest = known;
    }
    return known;
  }

  private boolean namesRoom() {
    String path = rawPath();
    return path.startsWith(Site.ROOMS_PATH)
        || path.equals(Site.ANY_ROOMS_PATH)
        || path.equals(Site.ANY_MESSAGES_PATH);
  }

  /**
   * Checks the client's login, if it shows one; {@link #checkLogin} has the result.
   *
   * @return completed at once, unless the keys of another issuer are asked for; never failed
   */
  public CompletableFuture<?> logIn() {
    String path = rawPath();
    boolean isOther =
        path.startsWith(Site.PUBLIC_PATH)
            || path.equals(Site.METRICS_PATH)
            || request.decoderResult().isFailure()
            || isNoRequest();
    boolean isAdmin = site.hasAdmin() && path.startsWith(Site.ADMIN_PATH);
    String token = isOther ? null : isAdmin ? adminLogin() : clientRequest().loginToken();
    return token == null
        ? CompletableFuture.completedFuture(null)
        : site.engine()
            .http()
            .checkLogin(token)
            .handle(
                (checked, failure) -> {
                  login = checked;
                  loginFailure = ProblemException.cause(failure);
                  return null;
                });
  }

  /**
   * The token by which a user shows to be an admin: never that of a cookie, which a browser also
   * sends for other pages. Null for a request with a key of the admin API.
   */
  private @Nullable String adminLogin() {
    var admin = site.config().admin();
    boolean areUsers = !admin.users().isEmpty() || !admin.readUsers().isEmpty();
    String token = areUsers ? BearerToken.of(headers()) : null;
    return token != null && JWT.matcher(token).matches() ? token : null;
  }

  /** Whether the request is a handshake, whose connection logs in; or asks only what is allowed. */
  private boolean isNoRequest() {
    return request.method().equals(HttpMethod.OPTIONS)
        || headers().containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true);
  }

  /**
   * Refuses a client whose login is not valid.
   *
   * @param isNeeded whether a client without a login is refused, too, if the settings say so
   */
  public void checkLogin(boolean isNeeded) throws ProblemException {
    if (loginFailure != null) {
      throw unauthorized(String.valueOf(ProblemException.of(loginFailure).getMessage()));
    }
    if (isNeeded && login == null && site.engine().http().isLoginRequired() && !isNoRequest()) {
      throw unauthorized(
          "Error: log in: this server is for users only (users.required). Send a token with the"
              + " header Authorization: Bearer TOKEN; docs/authentication.md shows how to make one");
    }
  }

  private static ProblemException unauthorized(String why) {
    return new ProblemException(
        HttpResponseStatus.UNAUTHORIZED, why, Map.of("www-authenticate", "Bearer"));
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

  /** How the client addressed the server. */
  public Addressed addressed() {
    return addressed;
  }

  /** Whether a page of another origin sent the request, whatever the settings allow it. */
  public boolean isFromAnotherOrigin() {
    return site.crossOrigin().isFromAnotherOrigin(request, addressed);
  }

  /** Whether a page of another origin sent the request that the setting does not allow. */
  public boolean isForeign() {
    return site.crossOrigin().isForeign(request, addressed);
  }

  /**
   * Refuses a request to a host that the server does not answer to.
   *
   * @throws ProblemException if it is one; the detail names the setting
   */
  public void checkHost() throws ProblemException {
    if (!addressed.isServed()) {
      site.hostRefused(addressed.host());
      throw new ProblemException(
          HttpResponseStatus.FORBIDDEN,
          "this server does not answer to the host of this request; the setting httpServer.hosts"
              + " lists the names that it answers to");
    }
  }

  /**
   * Refuses a page of another origin that the settings do not allow.
   *
   * @param what the operation that the page requests, for the error text
   */
  public void refuseForeign(String what) throws ProblemException {
    if (isForeign()) {
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
      site.engine().http().check(visitor());
    } catch (RefusedException e) {
      throw ProblemException.of(e);
    }
  }

  /**
   * Verifies the token of the client.
   *
   * @return the grant of the token; null without a token
   */
  public @Nullable Grant verify(@Nullable String token) throws ProblemException {
    try {
      return token == null ? null : site.engine().http().verify(token);
    } catch (RefusedException e) {
      throw ProblemException.of(e);
    }
  }

  /**
   * Refuses a client without a permission in a room.
   *
   * @param grant the grant of the client's token, or null
   */
  public void check(String room, Permission permission, @Nullable Grant grant)
      throws ProblemException {
    try {
      site.engine().http().check(visitor(), room, permission, grant);
    } catch (RefusedException e) {
      throw ProblemException.of(e);
    }
  }

  /**
   * Sends a signal to a room, in the name of the client.
   *
   * @param grant the grant of the client's token, or null
   */
  public void signal(String room, @Nullable Grant grant, Json content, @Nullable String kind)
      throws ProblemException {
    try {
      site.engine().http().signal(visitor(), room, grant, content, kind);
    } catch (RefusedException e) {
      throw ProblemException.of(e);
    }
  }

  /**
   * Counts further requests for the rate limit of the client's address, for a request that does the
   * work of several. They are not refused; the address's next requests are, until its rate permits
   * them.
   */
  public void charge(int requests) {
    site.limits().charge(address.getAddress(), requests);
  }

  /** Runs an action. Completed on any thread. */
  public CompletableFuture<WebAnswer> ask(String action, Map<String, Json> params) {
    return site.engine().http().ask(visitor(), action, params);
  }

  /** Runs an action on a connection that ends with the request. Completed on any thread. */
  public CompletableFuture<WebAnswer> askOnce(String action) {
    return site.engine().http().askOnce(visitor(), action);
  }

  /**
   * Sends a message to a room, in the name of the client.
   *
   * @param messageId the client's own id of the message, or null
   * @param key the header {@code Idempotency-Key}, or null; takes precedence over the message id.
   *     It belongs to the client if that is known by its cookie, and otherwise to its address and
   *     token
   */
  public CompletableFuture<Cursor> say(
      String room,
      @Nullable String token,
      Json message,
      @Nullable Audience audience,
      @Nullable Json messageId,
      @Nullable String key) {
    // A client that received no response to its first try has no cookie, and so another id when it
    // tries again. Therefore the key of a client that is not known belongs to its address.
    String namer =
        key == null || client().isKnown()
            ? client().id()
            : address.getAddress().getHostAddress() + (token == null ? "" : " " + token);
    Json id = key == null ? messageId : Json.of(key);
    return site.engine().http().say(visitor(), room, token, message, audience, namer, id);
  }
}
