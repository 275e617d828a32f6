package io.earshot.netty;

import io.earshot.protocol.Json;
import io.earshot.spi.Refusal;
import io.earshot.spi.WebAnswer;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.CodecException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpContentException;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * HTTP: actions, the chat page, rooms by their URLs, and the way in for WebSockets and streams,
 * after which this handler takes itself away. Requests of one connection are worked one after the
 * other, so that their answers keep their order.
 *
 * <p>Owned by the channel's event loop.
 */
final class HttpDoor extends SimpleChannelInboundHandler<FullHttpRequest>
    implements NettyLoop.Swept {
  private static final System.Logger LOG = System.getLogger(HttpDoor.class.getName());

  /** A client has to read an answer no slower than this, in bytes a second. */
  private static final int SLOWEST_READER = 16 * 1024;

  /** So long who sends too many requests waits to be told so, in milliseconds. */
  private static final int REST = 100;

  private final Channel channel;
  private final NettyLoop loop;
  private final Doors doors;
  private final PausingDecoder decoder;
  private int waitingSince;
  private boolean busy;
  private boolean acting;
  private boolean awaited;
  private @Nullable CompletableFuture<?> underWay;
  private boolean stopping;
  private boolean inputShut;
  private boolean open = true;

  private HttpDoor(
      Channel channel, NettyLoop loop, Doors doors, PausingDecoder decoder, int since) {
    this.decoder = decoder;
    this.channel = channel;
    this.loop = loop;
    this.doors = doors;
    this.waitingSince = since;
    loop.opened(this);
  }

  /**
   * Makes a channel speak HTTP.
   *
   * @param since when its client came, in seconds of the loop
   */
  static void open(Channel channel, NettyLoop loop, Doors doors, int since) {
    var decoder = new PausingDecoder(doors.maxHeaderLength());
    channel
        .pipeline()
        .addLast("decoder", decoder)
        .addLast("encoder", new HttpResponseEncoder())
        .addLast("body", new BodyGatherer(doors.maxBodyLength(), doors.guard()))
        .addLast("door", new HttpDoor(channel, loop, doors, decoder, since));
  }

  // --- one request after the other -------------------------------------------------------------

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    if (!open || stopping) {
      return;
    }
    if (channel.remoteAddress() == null) {
      var _ = channel.close(); // gone before it was heard
      return;
    }
    busy = true;
    decoder.pause();
    channel.config().setAutoRead(false);
    var exchange = new Exchange(request, System.currentTimeMillis());
    if (request.decoderResult().isFailure()) {
      HttpResponseStatus status = malformed(request.decoderResult().cause());
      doors.guard().count(refusal(status));
      respond(exchange, error(status, "this is no HTTP that is understood here"), true);
      return;
    }
    long wait = doors.wait(channel, request);
    if (wait > 0) {
      // Later, so that asking costs more than being refused.
      loop.schedule(() -> answered(exchange, () -> tooSoon(wait)), REST);
      return;
    }
    try {
      route(exchange);
    } catch (WebRequest.MalformedException e) {
      respond(
          exchange, error(HttpResponseStatus.BAD_REQUEST, String.valueOf(e.getMessage())), true);
    }
  }

  /** A request, and what is needed of it when its answer is there. */
  private record Exchange(FullHttpRequest request, long since, boolean keepAlive, boolean head) {
    Exchange(FullHttpRequest request, long since) {
      this(request, since, HttpUtil.isKeepAlive(request), request.method().equals(HttpMethod.HEAD));
    }
  }

  private static HttpResponseStatus malformed(Throwable cause) {
    return switch (cause) {
      case TooLongHttpLineException _ -> HttpResponseStatus.REQUEST_URI_TOO_LONG;
      case TooLongHttpHeaderException _ -> HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
      case TooLongHttpContentException _ -> HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE;
      default -> HttpResponseStatus.BAD_REQUEST;
    };
  }

  private static Refusal refusal(HttpResponseStatus status) {
    return switch (status.code()) {
      case 413 -> Refusal.BODY;
      case 414, 431 -> Refusal.HEADER;
      default -> Refusal.MALFORMED;
    };
  }

  private static FullHttpResponse tooSoon(long wait) {
    FullHttpResponse response =
        new ProblemException(
                HttpResponseStatus.TOO_MANY_REQUESTS,
                "there are too many requests from your address")
            .response();
    response.headers().set(HttpHeaderNames.RETRY_AFTER, (wait + 999) / 1000);
    return response;
  }

  private void respond(Exchange exchange, FullHttpResponse response, boolean last) {
    acting = false;
    awaited = false;
    int length = response.content().readableBytes();
    waitingSince = loop.now() + length / SLOWEST_READER; // a long answer takes its time
    boolean keep = exchange.keepAlive && !last && !stopping;
    if (exchange.head) {
      response.content().clear();
    }
    response.headers().set(HttpHeaderNames.CONTENT_LENGTH, length);
    dress(exchange, response);
    HttpUtil.setKeepAlive(response.headers(), exchange.request.protocolVersion(), keep);
    // The next request has its turn when this response is out, so that one who does not read is not
    // read.
    var _ =
        channel
            .writeAndFlush(response)
            .addListener(
                written -> {
                  if (keep && written.isSuccess()) {
                    next();
                  } else {
                    close();
                  }
                });
  }

  /** Adds what every answer has. */
  private void dress(Exchange exchange, HttpResponse response) {
    response
        .headers()
        .set("x-content-type-options", "nosniff")
        .set("x-powered-by", doors.serverName());
    doors.allowOrigin(exchange.request, response);
  }

  private void next() {
    waitingSince = loop.now();
    // Later, so that many requests in one packet are no deep recursion.
    loop.execute(
        () -> {
          if (open) {
            busy = false;
            decoder.resume();
            if (!busy && (inputShut || stopping)) {
              close();
            } else if (!busy) {
              channel.config().setAutoRead(true);
            }
          }
        });
  }

  // --- where requests go -----------------------------------------------------------------------

  private void route(Exchange exchange) throws WebRequest.MalformedException {
    FullHttpRequest request = exchange.request;
    int hosts = request.headers().getAll(HttpHeaderNames.HOST).size();
    if (hosts > 1 || (hosts == 0 && request.protocolVersion().equals(HttpVersion.HTTP_1_1))) {
      throw new WebRequest.MalformedException("there has to be one Host header");
    }
    String refused = unknown(request);
    if (refused != null) {
      respond(exchange, error(HttpResponseStatus.NOT_IMPLEMENTED, refused), true);
      return;
    }
    request.setUri(request.uri().replaceFirst("^(?i:https?)://[^/?#]*", ""));
    String rawPath = new QueryStringDecoder(request.uri()).rawPath();
    if (StaticFiles.serves(rawPath)) {
      answerFile(exchange, rawPath);
      return;
    }
    Admin admin = doors.admin();
    if (admin != null && Admin.isOne(rawPath)) {
      answer(exchange, admin.answer(channel, request));
      return;
    }
    if (RoomUrl.isOne(rawPath)) {
      answer(exchange, doors.roomUrls().answer(channel, request));
      return;
    }
    var uri = WebRequest.decoded(request.uri(), true);
    String path = uri.path();
    if (Handshake.isAsked(request) && request.content().isReadable()) {
      throw new WebRequest.MalformedException("a handshake has no body");
    }
    if (Handshake.isAsked(request) && (path.equals("/") || path.equals("/ws"))) {
      upgrade(exchange);
    } else if (path.equals("/ws")) {
      FullHttpResponse response =
          error(HttpResponseStatus.UPGRADE_REQUIRED, "connect here with a WebSocket");
      response.headers().set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET);
      respond(exchange, response, false);
    } else if (request.method().equals(HttpMethod.OPTIONS)) {
      respond(exchange, doors.options(request), false);
    } else {
      String file = file(request, uri);
      if (file != null) {
        answerFile(exchange, file);
      } else {
        act(exchange, WebRequest.of(request, path, uri.parameters(), doors::understands));
      }
    }
  }

  /** What is asked for that HTTP knows and this server does not; null if there is nothing. */
  private static @Nullable String unknown(FullHttpRequest request) {
    HttpMethod method = request.method();
    if (method.equals(HttpMethod.CONNECT) || method.equals(HttpMethod.TRACE)) {
      return method + " is not done here";
    }
    if (request.protocolVersion().majorVersion() != 1) {
      return "only HTTP/1.0 and HTTP/1.1 are spoken here";
    }
    List<String> codings = request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
    return codings.isEmpty() || codings.equals(List.of("chunked"))
        ? null
        : "of transfer codings, chunked alone is understood here";
  }

  /** The file that a request is about, as its path under /public; null if it is about an action. */
  private @Nullable String file(FullHttpRequest request, QueryStringDecoder uri) {
    String path = uri.rawPath();
    if (doors.rootIsFiles()) {
      return path.equals("/api") || path.startsWith("/api/") ? null : "/public" + path;
    }
    String accept = request.headers().get(HttpHeaderNames.ACCEPT);
    boolean wantsPage =
        accept != null && accept.contains("text/html") && !uri.parameters().containsKey("action");
    return path.equals("/") && wantsPage ? "/public/" : null;
  }

  private void answerFile(Exchange exchange, String path) {
    boolean keep = exchange.keepAlive && !stopping;
    doors
        .files()
        .answer(
            exchange.request,
            path,
            new StaticFiles.Exchange() {
              @Override
              public Channel channel() {
                return channel;
              }

              @Override
              public void dress(HttpResponse head) {
                head.headers().set("x-powered-by", doors.serverName());
                HttpUtil.setKeepAlive(head.headers(), exchange.request.protocolVersion(), keep);
              }

              @Override
              public void progress() {
                waitingSince = loop.now();
              }

              @Override
              public void done(boolean whole) {
                if (whole && keep) {
                  next();
                } else {
                  close();
                }
              }
            });
  }

  private void answer(Exchange exchange, RoomUrls.Answer answer) {
    switch (answer) {
      case RoomUrls.Now(FullHttpResponse response, boolean last) ->
          respond(exchange, response, last);
      case RoomUrls.Later<?> later -> {
        acting = true;
        awaited = later.waits();
        underWay = later.asked();
        if (awaited && inputShut) {
          close();
        } else if (awaited) {
          channel.config().setAutoRead(true); // else its end might not be seen
        }
        later.whenKnown(words -> loop.execute(() -> answered(exchange, words)));
      }
      case RoomUrls.Socket(Visit visit) -> upgrade(exchange, visit);
      case RoomUrls.Stream(HttpResponse head, Framing framing, Visit visit) -> {
        InetSocketAddress from = doors.admit(channel, exchange.request);
        if (from == null) {
          tooMany(exchange);
        } else {
          dress(exchange, head);
          become(head, () -> doors.openStream(channel, loop, from, framing, visit, this::leave));
        }
      }
    }
  }

  private void act(Exchange exchange, WebRequest request) {
    String callback = request.text("callback");
    boolean isChat = request.action().equals("chat");
    if (request.params().containsKey("callback")
        && (callback == null || !Envelope.isCallback(callback))) {
      respond(
          exchange,
          error(
              HttpResponseStatus.BAD_REQUEST,
              "callback must be a name of at most 64 letters, digits, _, $ and ."),
          false);
      return;
    }
    if (callback != null && isChat && "messages".equals(request.text("method"))) {
      respond(
          exchange,
          error(
              HttpResponseStatus.BAD_REQUEST,
              "messages are not given to scripts; leave out callback"),
          false);
      return;
    }
    if (isChat && exchange.head) {
      respond(
          exchange,
          error(HttpResponseStatus.METHOD_NOT_ALLOWED, "HEAD does not chat; use GET or POST"),
          false);
      return;
    }
    if (isChat && doors.isForeign(exchange.request)) {
      respond(
          exchange,
          error(
              HttpResponseStatus.FORBIDDEN,
              "pages of other sites may not chat; the setting httpServer.corsOrigins says which may"),
          false);
      return;
    }
    Web web = doors.web(channel, exchange.request);
    try {
      web.check();
    } catch (ProblemException e) {
      respond(exchange, e.response(), false);
      return;
    }
    acting = true;
    CompletableFuture<WebAnswer> asked = web.ask(request);
    underWay = asked;
    // The answer is put into words on the action's thread, however long it is.
    var _ =
        asked
            .handle((answer, failure) -> web.response(request, answer, failure, exchange.since))
            .exceptionally(failure -> unsayable(request, failure))
            .thenAccept(response -> loop.execute(() -> answered(exchange, () -> response)));
  }

  private FullHttpResponse unsayable(WebRequest request, Throwable failure) {
    loop.execute(
        () -> loop.report(LOG, "the answer of " + request.action() + " cannot be said", failure));
    return error(
        HttpResponseStatus.INTERNAL_SERVER_ERROR, "The server experienced an internal error");
  }

  private void answered(Exchange exchange, Supplier<FullHttpResponse> words) {
    underWay = null;
    if (open) {
      respond(exchange, words.get(), false);
    }
  }

  // --- what is no HTTP any more ----------------------------------------------------------------

  private void upgrade(Exchange exchange) {
    Handshake.Refusal refusal = doors.handshake().check(exchange.request);
    if (refusal == null) {
      upgrade(exchange, doors.firstVisit());
      return;
    }
    FullHttpResponse response = error(refusal.status(), refusal.error());
    response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
    respond(exchange, response, true);
  }

  private void tooMany(Exchange exchange) {
    respond(
        exchange,
        new ProblemException(HttpResponseStatus.TOO_MANY_REQUESTS, Doors.TOO_MANY).response(),
        true);
  }

  private void upgrade(Exchange exchange, Visit visit) {
    InetSocketAddress from = doors.admit(channel, exchange.request);
    if (from == null) {
      tooMany(exchange);
      return;
    }
    var response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS);
    response
        .headers()
        .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
        .set(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT, Handshake.accept(exchange.request));
    become(response, () -> doors.openWebSocket(channel, loop, from, visit, this::leave));
  }

  /** Says that something else begins, and then begins it. */
  private void become(HttpResponse head, Runnable other) {
    // Nothing may overtake the response: the socket writes past the channel.
    var _ =
        channel
            .writeAndFlush(head)
            .addListener(
                future -> {
                  if (future.isSuccess() && open && !inputShut) {
                    open = false;
                    loop.closed();
                    other.run();
                  } else {
                    close();
                  }
                });
  }

  /** Takes HTTP out of the way; what was read beyond the request goes to the socket. */
  private void leave() {
    channel.pipeline().remove(this);
    channel.pipeline().remove("body");
    channel.pipeline().remove("encoder");
    channel.pipeline().remove("decoder");
  }

  // --- answers ---------------------------------------------------------------------------------

  static FullHttpResponse error(HttpResponseStatus status, String error) {
    var body = new Json.Obj(Map.of("error", Json.of("Error: " + error)));
    return response(status, "application/json", body.encode());
  }

  static FullHttpResponse response(HttpResponseStatus status, String type, byte[] body) {
    var response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
    return response;
  }

  // --- the end ---------------------------------------------------------------------------------

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      inputShut = true;
      if (!busy || awaited) {
        close();
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException
        || cause instanceof UncheckedIOException
        || cause instanceof CodecException)) {
      loop.report(LOG, "an HTTP request failed", cause);
    }
    close();
  }

  /**
   * A request has one deadline, however slowly it drips, and so has the reading of its answer;
   * while an action works, that has one.
   */
  @Override
  public boolean sweep(int now) {
    if (open && !acting && now - waitingSince > doors.requestSeconds()) {
      doors.guard().count(Refusal.DEADLINE);
      close();
    }
    return open;
  }

  @Override
  public void stop() {
    stopping = true;
    if (!busy) {
      close();
    }
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      loop.closed();
      if (underWay != null) {
        underWay.cancel(true); // nobody waits for it any more
      }
      var _ = channel.close();
    }
  }
}
