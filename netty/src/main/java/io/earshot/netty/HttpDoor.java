package io.earshot.netty;

import io.earshot.protocol.Json;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.flow.FlowControlHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * HTTP: the chat page, and the way in for WebSockets, after which this handler takes itself away.
 *
 * <p>Owned by the channel's event loop.
 */
final class HttpDoor extends SimpleChannelInboundHandler<FullHttpRequest>
    implements NettyLoop.Swept {
  private static final System.Logger LOG = System.getLogger(HttpDoor.class.getName());
  private static final int MAX_LINE = 8 * 1024;
  private static final int MAX_HEADERS = 16 * 1024;
  private static final int MAX_BODY = 64 * 1024;

  private final Channel channel;
  private final NettyLoop loop;
  private final Doors doors;
  private int waitingSince;
  private boolean open = true;

  private HttpDoor(Channel channel, NettyLoop loop, Doors doors) {
    this.channel = channel;
    this.loop = loop;
    this.doors = doors;
    this.waitingSince = loop.now();
    loop.opened(this);
  }

  static void open(Channel channel, NettyLoop loop, Doors doors) {
    channel
        .pipeline()
        .addLast("codec", new HttpServerCodec(MAX_LINE, MAX_HEADERS, MAX_BODY))
        .addLast("body", new HttpObjectAggregator(MAX_BODY))
        .addLast("flow", new FlowControlHandler())
        .addLast("door", new HttpDoor(channel, loop, doors));
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    DecoderResult decoded = request.decoderResult();
    if (decoded.isFailure()) {
      respond(
          request,
          error(malformed(decoded.cause()), "the request is not HTTP that is understood here"),
          true);
      return;
    }
    String path = new QueryStringDecoder(request.uri()).rawPath();
    boolean socketPath = path.equals("/") || path.equals("/ws");
    if (Handshake.isAsked(request) && socketPath) {
      upgrade(request);
    } else if (path.equals("/ws")) {
      FullHttpResponse response =
          error(HttpResponseStatus.UPGRADE_REQUIRED, "connect here with a WebSocket");
      response.headers().set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET);
      respond(request, response, false);
    } else if (StaticFiles.serves(path)) {
      answerFile(request, path);
    } else {
      respond(request, page(request, path), false);
    }
  }

  private void answerFile(FullHttpRequest request, String path) {
    boolean keep = HttpUtil.isKeepAlive(request);
    waitingSince = loop.now();
    channel.config().setAutoRead(false); // the next request has to wait for its turn
    doors
        .files()
        .answer(
            request,
            path,
            new StaticFiles.Exchange() {
              @Override
              public Channel channel() {
                return channel;
              }

              @Override
              public void dress(HttpResponse head) {
                HttpUtil.setKeepAlive(head, keep);
              }

              @Override
              public void progress() {
                waitingSince = loop.now();
              }

              @Override
              public void done(boolean whole) {
                waitingSince = loop.now();
                if (whole && keep && open) {
                  channel.config().setAutoRead(true);
                } else {
                  close();
                }
              }
            });
  }

  private static HttpResponseStatus malformed(Throwable cause) {
    return switch (cause) {
      case TooLongHttpLineException _ -> HttpResponseStatus.REQUEST_URI_TOO_LONG;
      case TooLongHttpHeaderException _ -> HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
      case TooLongFrameException _ -> HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE;
      default -> HttpResponseStatus.BAD_REQUEST;
    };
  }

  private void upgrade(FullHttpRequest request) {
    Handshake.Refusal refusal = doors.handshake().check(request);
    if (refusal != null) {
      FullHttpResponse response = error(refusal.status(), refusal.error());
      response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
      respond(request, response, true);
      return;
    }
    var response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS);
    response
        .headers()
        .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
        .set(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT, Handshake.accept(request));
    // Nothing may overtake the response: the socket writes past the channel.
    channel.config().setAutoRead(false);
    var _ =
        channel
            .writeAndFlush(response)
            .addListener(
                future -> {
                  if (future.isSuccess()) {
                    becomeSocket();
                  } else {
                    close();
                  }
                });
  }

  private void becomeSocket() {
    open = false;
    loop.closed();
    doors.openWebSocket(channel, loop, this::leave);
    channel.config().setAutoRead(true);
  }

  /** Takes HTTP out of the way; what was read beyond the request goes to the socket. */
  private void leave() {
    channel.pipeline().remove(this);
    channel.pipeline().remove("flow");
    channel.pipeline().remove("body");
    channel.pipeline().remove("codec");
  }

  private static FullHttpResponse page(FullHttpRequest request, String path) {
    Page page = Page.at(path);
    boolean head = request.method().equals(HttpMethod.HEAD);
    if (page == null) {
      return error(HttpResponseStatus.NOT_FOUND, "there is nothing here; the chat page is at /");
    }
    if (!head && !request.method().equals(HttpMethod.GET)) {
      FullHttpResponse response =
          error(HttpResponseStatus.METHOD_NOT_ALLOWED, "only GET and HEAD work here");
      response.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
      return response;
    }
    var response =
        response(HttpResponseStatus.OK, page.type(), head ? new byte[0] : page.content());
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_LENGTH, page.content().length)
        .set(HttpHeaderNames.CONTENT_SECURITY_POLICY, Page.POLICY)
        .set(HttpHeaderNames.CACHE_CONTROL, "no-cache");
    return response;
  }

  private static FullHttpResponse error(HttpResponseStatus status, String error) {
    var body = new Json.Obj(Map.of("error", Json.of("Error: " + error)));
    return response(status, "application/json; charset=utf-8", body.encode());
  }

  private static FullHttpResponse response(HttpResponseStatus status, String type, byte[] body) {
    var response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, type)
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
        .set("x-content-type-options", "nosniff");
    return response;
  }

  private void respond(FullHttpRequest request, FullHttpResponse response, boolean last) {
    waitingSince = loop.now();
    boolean keep = HttpUtil.isKeepAlive(request) && !last;
    HttpUtil.setKeepAlive(response, keep);
    var written = channel.writeAndFlush(response);
    if (!keep) {
      var _ = written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException || cause instanceof UncheckedIOException)) {
      loop.report(LOG, "an HTTP request failed", cause);
    }
    close();
  }

  /** A request has one deadline, however slowly it drips. */
  @Override
  public boolean sweep(int now) {
    if (open && now - waitingSince > doors.requestSeconds()) {
      close();
    }
    return open;
  }

  @Override
  public void stop() {
    close();
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      loop.closed();
      var _ = channel.close();
    }
  }

  /** One file of the chat page. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
  private record Page(String type, byte[] content) {
    static final String POLICY =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none';"
            + " form-action 'none'; frame-ancestors 'none'";

    private static final Map<String, Page> PAGES =
        Map.of(
            "/", load("page.html", "text/html; charset=utf-8"),
            "/page.js", load("page.js", "text/javascript; charset=utf-8"),
            "/page.css", load("page.css", "text/css; charset=utf-8"));

    static @Nullable Page at(String path) {
      return PAGES.get(path);
    }

    private static Page load(String name, String type) {
      try (var in = HttpDoor.class.getResourceAsStream(name)) {
        if (in == null) {
          throw new LinkageError(name + " is missing from the jar");
        }
        return new Page(type, in.readAllBytes());
      } catch (IOException e) {
        throw new LinkageError(name + " cannot be read", e);
      }
    }
  }
}
