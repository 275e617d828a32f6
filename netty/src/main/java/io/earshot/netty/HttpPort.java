package io.earshot.netty;

import io.earshot.netty.frame.DeflateTerms;
import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.identity.Addressed;
import io.earshot.netty.identity.ClientRequest;
import io.earshot.netty.identity.Origins;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.page.StaticFiles;
import io.earshot.netty.room.Handshake;
import io.earshot.netty.room.HandshakePeek;
import io.earshot.netty.room.RoomUrl;
import io.earshot.netty.socket.ConnectionFilter;
import io.earshot.netty.socket.LeanSocket;
import io.earshot.netty.tls.Tls;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP port, whose clients speak HTTP or WebSocket.
 *
 * <p>Immutable.
 */
final class HttpPort implements Port {
  private final String name;
  private final Transports transports;
  private final Site site;
  private final Handshake handshake;
  private final Routes routes;
  private final StaticFiles files;
  private final boolean areSocketsLean;
  private final @Nullable Tls tls;
  private final int requestSeconds;

  /**
   * Looks for the folder of static files.
   *
   * @param forOperators what it answers besides
   * @param areSocketsLean whether plain sockets need no channel
   * @param tls the encryption, or null
   * @throws IOException if there is no such folder; the message names the setting
   */
  HttpPort(
      Transports transports,
      Site site,
      ForOperators forOperators,
      boolean areSocketsLean,
      @Nullable Tls tls)
      throws IOException {
    this(
        transports,
        site,
        "HTTP",
        handshake -> new Routes(site, handshake, forOperators),
        areSocketsLean,
        tls);
  }

  private HttpPort(
      Transports transports,
      Site site,
      String name,
      Function<Handshake, Routes> routes,
      boolean areSocketsLean,
      @Nullable Tls tls)
      throws IOException {
    this.name = name;
    this.transports = transports;
    this.site = site;
    this.handshake =
        new Handshake(
            Origins.of(site.config().webSockets().allowedOrigins()),
            site.hosts(),
            site.config().webSockets().compression());
    this.routes = routes.apply(handshake);
    this.files = new StaticFiles(site.config().httpServer().publicFolder(), InstantSource.system());
    this.areSocketsLean = areSocketsLean;
    this.tls = tls;
    this.requestSeconds =
        (int) Math.min(Integer.MAX_VALUE, site.config().httpServer().requestTimeout().toSeconds());
  }

  /** The port of operators, whose sockets have channels. */
  static HttpPort ofManagement(Transports transports, Site site, ForOperators forOperators)
      throws IOException {
    return new HttpPort(
        transports,
        site,
        "management",
        handshake -> Routes.ofManagement(site, handshake, forOperators),
        false,
        null);
  }

  @Override
  public AddressLimits limits() {
    return site.limits();
  }

  Transports transports() {
    return transports;
  }

  Site site() {
    return site;
  }

  Routes routes() {
    return routes;
  }

  StaticFiles files() {
    return files;
  }

  /** The compression that a handshake that was accepted agrees on, or null. */
  @Nullable DeflateTerms deflate(HttpRequest request) {
    return handshake.deflate(request);
  }

  /** What the client of a handshake that was accepted has sent. */
  ClientRequest connecting(HttpRequest request, Addressed addressed) {
    return ClientRequest.of(
        request,
        site.config().users().cookie(),
        handshake.trustsCookies(request, addressed),
        RoomUrl.matches(request.uri().split("\\?", 2)[0]),
        true);
  }

  /** How long a client may take to send a request, in seconds. */
  int requestSeconds() {
    return requestSeconds;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public ConnectionFilter filter() {
    return new ConnectionFilter(
        site.limits(),
        tls != null
            ? new byte[0]
            : Responses.rawProblem(
                new ProblemException(
                    HttpResponseStatus.TOO_MANY_REQUESTS, ConnectionFilter.TOO_MANY)));
  }

  @Override
  public boolean isLean() {
    return areSocketsLean && tls == null;
  }

  @Override
  public void open(Channel channel, NettyLoop loop) {
    if (tls == null) {
      HttpHandler.open(channel, loop, this, loop.now());
    } else {
      tls.open(
          channel,
          loop,
          requestSeconds,
          (context, failure) -> HttpHandler.open(channel, loop, this, loop.now()));
    }
  }

  @Override
  public void open(NettyLoop loop, int descriptor, InetSocketAddress remote) {
    LeanSocket socket = transports.lean(loop, descriptor, remote);
    int since = loop.now();
    socket.await(
        since + requestSeconds,
        new HandshakePeek(handshake, new LeanClient(socket, loop, remote, since)));
    socket.register();
  }

  /** A new client without a channel, which it keeps doing without if it asks for a WebSocket. */
  private final class LeanClient implements HandshakePeek.Client {
    private final LeanSocket socket;
    private final NettyLoop loop;
    private final InetSocketAddress remote;
    private final int since;

    /** How the only request addressed the server; null until it is asked. */
    private @Nullable Addressed addressed;

    LeanClient(LeanSocket socket, NettyLoop loop, InetSocketAddress remote, int since) {
      this.socket = socket;
      this.loop = loop;
      this.remote = remote;
      this.since = since;
    }

    @Override
    public Addressed addressed(HttpRequest request) {
      if (addressed == null) {
        addressed =
            site.addressed(site.forwarded().origin(remote, request.headers()), request, false);
      }
      return addressed;
    }

    @Override
    public boolean admits(HttpRequest request) {
      InetSocketAddress from = site.forwarded().origin(remote, request.headers()).address();
      InetAddress address = from.getAddress();
      // HttpHandler answers a client that is refused here.
      if (site.limits().asks(address) > 0 || (from != remote && !site.limits().enters(address))) {
        return false;
      }
      socket.comesFrom(from);
      return true;
    }

    @Override
    public void open(HttpRequest request, @Nullable JoinRequest join) {
      DeflateTerms deflate = deflate(request);
      socket.writeSoon(Handshake.rawResponse(request, deflate)); // with the welcome
      transports.webSocket(
          socket,
          loop,
          deflate,
          join == null ? site.defaultJoin() : join,
          connecting(request, addressed(request)));
    }

    @Override
    public void pass(ByteBuf bytes) {
      var channel = new EpollSocketChannel(socket.release());
      var unused =
          channel.closeFuture().addListener(ignored -> site.limits().leave(remote.getAddress()));
      loop.adopt(
          channel,
          opened -> {
            opened.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
            HttpHandler.open(opened, loop, HttpPort.this, since);
          },
          bytes);
    }

    @Override
    public void leave() {
      socket.close();
    }
  }
}
