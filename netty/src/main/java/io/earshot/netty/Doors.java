package io.earshot.netty;

import static io.netty.handler.codec.http.HttpResponseStatus.TOO_MANY_REQUESTS;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.engine.Engine;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Reply;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Intake;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * How connections come in: what each transport puts between a socket and the rooms.
 *
 * <p>Immutable.
 */
final class Doors {

  /** So long a TLS handshake may take before lines are spoken. */
  private static final int HANDSHAKE_SECONDS = 10;

  private final Engine earshot;
  private final Config config;

  /** What a browser says of requests that no page of another origin made. */
  private static final Set<String> OWN_SITE = Set.of("same-origin", "none");

  private final Guard guard;
  private final Handshake handshake;
  private final Origins corsOrigins;
  private final Identity identity;
  private final Forwarded forwarded;
  private final KeepAlive lineKeepAlive;
  private final KeepAlive frameKeepAlive;
  private final RoomUrls roomUrls = new RoomUrls(this);
  private final @Nullable Admin admin;
  private final int requestSeconds;
  private final StaticFiles files;
  private final boolean areLean;
  private final @Nullable Tls lineTls;
  private final @Nullable Tls httpTls;

  /**
   * Makes the doors, and reads the files that they need.
   *
   * @param areLean whether plain clients need no channel
   * @throws IOException if a file is not what it has to be; the message names the setting
   */
  Doors(Engine earshot, Config config, boolean areLean, Guard guard) throws IOException {
    this.areLean = areLean;
    this.guard = guard;
    this.earshot = earshot;
    this.config = config;
    this.handshake = new Handshake(new Origins(config.webSockets().allowedOrigins()));
    this.corsOrigins = new Origins(config.httpServer().corsOrigins());
    this.identity = new Identity(config);
    this.forwarded = Forwarded.of(config.httpServer().trustedProxies());
    this.lineKeepAlive =
        KeepAlive.of(Framing.LINES, Duration.ZERO, config.tcpServer().idleTimeout());
    this.frameKeepAlive =
        KeepAlive.of(
            Framing.FRAMES, config.webSockets().pingInterval(), config.webSockets().idleTimeout());
    this.requestSeconds =
        (int) Math.min(Integer.MAX_VALUE, config.httpServer().requestTimeout().toSeconds());
    this.admin = config.admin().keys().isEmpty() ? null : new Admin(this, earshot, config);
    this.files = new StaticFiles(config.httpServer().publicFolder(), InstantSource.system());
    Config.TcpServer tcp = config.tcpServer();
    this.lineTls =
        tcp.enabled() && tcp.secure() ? Tls.of("tcpServer", tcp.certFile(), tcp.keyFile()) : null;
    Config.HttpServer http = config.httpServer();
    this.httpTls =
        http.enabled() && http.secure()
            ? Tls.of("httpServer", http.certFile(), http.keyFile())
            : null;
  }

  /** Whether there is anything to {@link #reload}. */
  boolean areSecure() {
    return lineTls != null || httpTls != null;
  }

  /** Reads certificates that have changed. Called every few seconds, on no event loop. */
  void reload() {
    if (lineTls != null) {
      lineTls.reload();
    }
    if (httpTls != null) {
      httpTls.reload();
    }
  }

  Handshake handshake() {
    return handshake;
  }

  int maxHeaderLength() {
    return config.httpServer().maxHeaderLength();
  }

  int maxBodyLength() {
    return config.httpServer().maxBodyLength();
  }

  /** The server's name, as a header can say it. */
  String serverName() {
    return config.general().serverName().replaceAll("[^\\x20-\\x7E]", "?");
  }

  /** Whether the root of the server is the public folder. */
  boolean rootIsFiles() {
    return config.commonWeb().rootEndpointType() == Config.RootEndpoint.FILE;
  }

  boolean understands(String param) {
    return earshot.understands(param);
  }

  private Forwarded.Origin origin(Channel channel, HttpRequest request) {
    return forwarded.origin((InetSocketAddress) channel.remoteAddress(), request.headers());
  }

  Guard guard() {
    return guard;
  }

  /** How long a request has to wait for its turn, in milliseconds; 0 if it is its turn. */
  long wait(Channel channel, HttpRequest request) {
    long wait = guard.asks(origin(channel, request).address().getAddress());
    if (wait > 0) {
      guard.count(Refusal.HTTP_REQUESTS);
    }
    return wait;
  }

  /**
   * Counts a connection that is to stay for its client, if a proxy stands in between; without one
   * it has been counted.
   *
   * @return where the client is; null if too many are there
   */
  @Nullable InetSocketAddress admit(Channel channel, HttpRequest request) {
    InetSocketAddress from = origin(channel, request).address();
    if (from.equals(channel.remoteAddress())) {
      return from;
    }
    if (!guard.enters(from.getAddress())) {
      guard.count(Refusal.CONNECTIONS);
      return null;
    }
    var _ = channel.closeFuture().addListener(_ -> guard.leave(from.getAddress()));
    return from;
  }

  /** Who sent a request. */
  Web web(Channel channel, FullHttpRequest request) {
    Forwarded.Origin from = origin(channel, request);
    boolean secure = from.overTls() || Tls.covers(channel);
    String address = from.address().getAddress().getHostAddress();
    Identity.Known client = identity.of(request, address, !isFromAnySite(request), secure);
    return new Web(earshot, config, client, from.address(), secure);
  }

  /** Whether a page of another site sent a request, and is none of those that may. */
  boolean isForeign(FullHttpRequest request) {
    String origin = request.headers().get(HttpHeaderNames.ORIGIN);
    return isFromAnySite(request) && (origin == null || !corsOrigins.names(origin));
  }

  /**
   * Whether a page that is neither ours nor known by name sent a request, so that its cookies mean
   * nothing.
   */
  private boolean isFromAnySite(FullHttpRequest request) {
    HttpHeaders headers = request.headers();
    String origin = headers.get(HttpHeaderNames.ORIGIN);
    return origin == null
        ? !OWN_SITE.contains(headers.get("sec-fetch-site", "none"))
        : !corsOrigins.named().contains(origin)
            && !corsOrigins.isOwn(origin, headers.get(HttpHeaderNames.HOST));
  }

  /** Whether a page sent a request that is not from this server, whatever settings say of it. */
  boolean isFromAnotherSite(FullHttpRequest request) {
    HttpHeaders headers = request.headers();
    String origin = headers.get(HttpHeaderNames.ORIGIN);
    return origin == null
        ? !OWN_SITE.contains(headers.get("sec-fetch-site", "none"))
        : !corsOrigins.isOwn(origin, headers.get(HttpHeaderNames.HOST));
  }

  /** Where a request is from, as far as it is known. */
  InetAddress address(Channel channel, FullHttpRequest request) {
    return forwarded
        .origin((InetSocketAddress) channel.remoteAddress(), request.headers())
        .address()
        .getAddress();
  }

  /** Lets the page that sent a request read the response, if its origin is one that may. */
  void allowOrigin(FullHttpRequest request, HttpResponse response) {
    String origin = request.headers().get(HttpHeaderNames.ORIGIN);
    boolean isAdmin = admin != null && Admin.isOne(request.uri());
    if (origin == null || isAdmin || corsOrigins.named().isEmpty()) {
      return;
    }
    response.headers().add(HttpHeaderNames.VARY, HttpHeaderNames.ORIGIN);
    if (corsOrigins.named().contains(origin)) {
      response
          .headers()
          .set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin)
          .set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    } else if (corsOrigins.names(origin)) {
      response.headers().set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
  }

  /** The answer to a question of what may be asked of an action. */
  FullHttpResponse options(FullHttpRequest request) {
    return options(request, "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  }

  /** The answer to a question of what may be asked. */
  FullHttpResponse options(FullHttpRequest request, String methods) {
    FullHttpResponse response = HttpDoor.response(HttpResponseStatus.OK, "text/plain", new byte[0]);
    response.headers().set(HttpHeaderNames.ALLOW, methods);
    String origin = request.headers().get(HttpHeaderNames.ORIGIN);
    if (origin != null && corsOrigins.names(origin)) {
      response
          .headers()
          .set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_METHODS, methods)
          .set(
              HttpHeaderNames.ACCESS_CONTROL_ALLOW_HEADERS,
              "content-type, authorization, last-event-id, idempotency-key")
          .set(HttpHeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
    }
    return response;
  }

  StaticFiles files() {
    return files;
  }

  /** The admin API; null if there is none. */
  @Nullable Admin admin() {
    return admin;
  }

  // --- rooms by their URLs ---------------------------------------------------------------------

  RoomUrls roomUrls() {
    return roomUrls;
  }

  CompletableFuture<RoomStatus> status(String room) {
    return earshot.api().chatRoom().socketRoomStatus(room).toCompletableFuture();
  }

  CompletableFuture<Excerpt> read(String room, @Nullable Cursor after, int limit, int wait) {
    return earshot.read(room, after, limit, wait);
  }

  /** The longest that anybody may say, in bytes, whatever they came by. */
  int longestMessage() {
    return Math.max(config.tcpServer().maxLineLength(), config.webSockets().maxMessageLength());
  }

  int longestAnswer() {
    return config.limits().answerBytes();
  }

  /** Where somebody goes who asks for no room. */
  Visit firstVisit() {
    return new Visit(config.general().defaultChatRoom(), null, null);
  }

  // --- connections -----------------------------------------------------------------------------

  int requestSeconds() {
    return requestSeconds;
  }

  /** What somebody is told whose address has too many connections. */
  static final String TOO_MANY = "there are too many connections from your address";

  /** Who stands at the TCP port. */
  Doorkeeper lineKeeper() {
    byte[] json = new Reply.Refused("Error: " + TOO_MANY).toJson(0, null).encode();
    return new Doorkeeper(
        guard, lineTls != null ? new byte[0] : (new String(json, UTF_8) + "\r\n").getBytes(UTF_8));
  }

  /** Who stands at the HTTP port. */
  Doorkeeper httpKeeper() {
    return new Doorkeeper(
        guard,
        httpTls != null ? new byte[0] : new ProblemException(TOO_MANY_REQUESTS, TOO_MANY).raw());
  }

  void openLines(Channel channel, NettyLoop loop) {
    if (lineTls == null) {
      greet(channel, loop);
    } else {
      lineTls.open(channel, loop, HANDSHAKE_SECONDS, this::greet);
    }
  }

  private void greet(Channel channel, NettyLoop loop) {
    var socket = new ChannelSocket(channel, loop, lineKeepAlive, channel.remoteAddress());
    channel.pipeline().addLast("socket", socket.new Handler());
    greet(socket, loop);
  }

  /** Whether those who speak lines need no channel. */
  boolean areLinesLean() {
    return areLean && lineTls == null;
  }

  void openLines(NettyLoop loop, int descriptor, InetSocketAddress remote) {
    var socket = new LeanSocket(loop, lineKeepAlive, descriptor, remote);
    socket.register();
    greet(socket, loop);
  }

  private void greet(ClientSocket socket, NettyLoop loop) {
    Intake intake = earshot.connect(loop, socket, Framing.LINES, Transport.TCP);
    socket.attach(intake, new LineDecoder(intake, config.tcpServer().maxLineLength()));
  }

  /**
   * Makes a WebSocket of a channel that spoke HTTP. Its reading is paused.
   *
   * @param from where its client is
   * @param leave takes out what spoke it
   */
  void openWebSocket(
      Channel channel, NettyLoop loop, InetSocketAddress from, Visit visit, Runnable leave) {
    var socket = new ChannelSocket(channel, loop, frameKeepAlive, from);
    channel.pipeline().addLast("socket", socket.new Handler());
    leave.run();
    converse(socket, loop, visit);
    channel.config().setAutoRead(true);
  }

  /** Makes a stream of a channel that spoke HTTP, in the same way. */
  void openStream(
      Channel channel,
      NettyLoop loop,
      InetSocketAddress from,
      Framing framing,
      Visit visit,
      Runnable leave) {
    // Its client has nothing to say, however alive it is.
    var keepAlive = KeepAlive.of(framing, config.webSockets().pingInterval(), Duration.ZERO);
    var socket = new ChannelSocket(channel, loop, keepAlive, from);
    channel.pipeline().addLast("socket", socket.new Handler());
    leave.run();
    Intake intake =
        earshot.connect(
            loop, socket, framing, Transport.STREAM, visit.room(), visit.after(), visit.token());
    socket.attach(intake, new StreamInput(intake));
    channel.config().setAutoRead(true);
  }

  private void converse(ClientSocket socket, NettyLoop loop, Visit visit) {
    Intake intake =
        earshot.connect(
            loop,
            socket,
            Framing.FRAMES,
            Transport.WEBSOCKET,
            visit.room(),
            visit.after(),
            visit.token());
    socket.attach(intake, new FrameDecoder(intake, config.webSockets().maxMessageLength()));
  }

  void openHttp(Channel channel, NettyLoop loop) {
    if (httpTls == null) {
      HttpDoor.open(channel, loop, this, loop.now());
    } else {
      httpTls.open(
          channel, loop, requestSeconds, (_, _) -> HttpDoor.open(channel, loop, this, loop.now()));
    }
  }

  /** Whether WebSockets need no channel. */
  boolean isHttpLean() {
    return areLean && httpTls == null;
  }

  /** Lets somebody in who needs no channel if a WebSocket is all they want. */
  void openHttp(NettyLoop loop, int descriptor, InetSocketAddress remote) {
    var socket = new LeanSocket(loop, frameKeepAlive, descriptor, remote);
    int since = loop.now();
    socket.await(
        since + requestSeconds,
        new Knock(
            handshake,
            new Knock.Door() {
              @Override
              public boolean admits(HttpRequest request) {
                InetSocketAddress from = forwarded.origin(remote, request.headers()).address();
                InetAddress address = from.getAddress();
                // What is refused is said by whoever speaks HTTP.
                if (guard.asks(address) > 0 || (from != remote && !guard.enters(address))) {
                  return false;
                }
                socket.comesFrom(from);
                return true;
              }

              @Override
              public void open(HttpRequest request, @Nullable Visit visit) {
                ByteBuf response = Handshake.response(request);
                socket.write(response, 0, response.readableBytes());
                response.release();
                converse(socket, loop, visit == null ? firstVisit() : visit);
              }

              @Override
              public void pass(ByteBuf bytes) {
                loop.adopt(
                    counted(new EpollSocketChannel(socket.release()), remote),
                    channel -> {
                      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                      HttpDoor.open(channel, loop, Doors.this, since);
                    },
                    bytes);
              }

              @Override
              public void leave() {
                socket.close();
              }
            }));
    socket.register();
  }

  /** Sees that a connection that was counted is given back when its channel closes. */
  private Channel counted(Channel channel, InetSocketAddress remote) {
    var _ = channel.closeFuture().addListener(_ -> guard.leave(remote.getAddress()));
    return channel;
  }
}
