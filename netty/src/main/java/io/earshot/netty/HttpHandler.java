package io.earshot.netty;

import io.earshot.netty.frame.DeflateTerms;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.BodyGatherer;
import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.PausingDecoder;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.RequestCheck;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Swept;
import io.earshot.netty.page.StaticFiles;
import io.earshot.netty.room.Handshake;
import io.earshot.netty.socket.ConnectionFilter;
import io.earshot.spi.Refusal;
import io.earshot.stats.Counter;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.CodecException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP connection. It works one request after the other, so that answers keep the order of
 * their requests: {@link Routes} says what the answer is, and this handler sends it. For a
 * WebSocket or a stream it removes itself from the channel.
 *
 * <p>Owned by the channel's event loop.
 */
final class HttpHandler extends SimpleChannelInboundHandler<FullHttpRequest> implements Swept {
  private static final System.Logger LOG = System.getLogger(HttpHandler.class.getName());

  /** A client has to read an answer no slower than this, in bytes a second. */
  private static final int SLOWEST_READER = 16 * 1024;

  /** How long the refusal of a request above the rate limit is delayed, in milliseconds. */
  private static final int REFUSAL_DELAY = 100;

  private final Channel channel;
  private final NettyLoop loop;
  private final HttpPort port;
  private final Site site;
  private final PausingDecoder decoder;

  /** Since when the client is to do something, in seconds of the loop. */
  private int waitingSince;

  private boolean isBusy;

  /** Whether the server works for the request, so that the client has no deadline. */
  private boolean isWorking;

  /** Whether the work is of no use to a client that shuts its output down. */
  private boolean isPoll;

  private @Nullable CompletableFuture<?> work;
  private boolean isStopping;
  private boolean isInputShut;
  private boolean isOpen = true;

  private HttpHandler(
      Channel channel, NettyLoop loop, HttpPort port, PausingDecoder decoder, int since) {
    this.decoder = decoder;
    this.channel = channel;
    this.loop = loop;
    this.port = port;
    this.site = port.site();
    this.waitingSince = since;
    loop.opened(this);
  }

  /**
   * Makes a channel speak HTTP.
   *
   * @param since when its client connected, in seconds of the loop
   */
  static void open(Channel channel, NettyLoop loop, HttpPort port, int since) {
    var http = port.site().config().httpServer();
    var decoder = new PausingDecoder(http.maxHeaderLength());
    channel
        .pipeline()
        .addLast("decoder", decoder)
        .addLast("encoder", new HttpResponseEncoder())
        .addLast("body", new BodyGatherer(http.maxBodyLength(), port.site().limits()))
        .addLast("http", new HttpHandler(channel, loop, port, decoder, since));
  }

  // --- one request after the other -------------------------------------------------------------

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    if (!isOpen || isStopping) {
      return;
    }
    if (channel.remoteAddress() == null) {
      var unused = channel.close(); // the client left before the request was read
      return;
    }
    isBusy = true;
    decoder.pause();
    channel.config().setAutoRead(false);
    var exchange = new WebExchange(site, loop, channel, request);
    if (request.decoderResult().isFailure()) {
      HttpResponseStatus status = RequestCheck.status(request.decoderResult().cause());
      site.limits().count(RequestCheck.refusal(status));
      respond(exchange, Responses.error(status, "this is no HTTP that is understood here"), true);
      return;
    }
    Answer health = port.routes().health(exchange);
    if (health != null) {
      answer(exchange, health);
      return;
    }
    long wait =
        port.routes().isOperators(exchange)
            ? 0
            : site.limits().asks(exchange.address().getAddress());
    if (wait > 0) {
      site.limits().count(Refusal.HTTP_REQUESTS);
      var refusal =
          ProblemException.tooManyRequests("there are too many requests from your address", wait);
      // The delay makes a flood of requests cost its sender more than the server.
      loop.schedule(() -> respondLater(exchange, () -> Responses.problem(refusal)), REFUSAL_DELAY);
      return;
    }
    CompletableFuture<?> login = exchange.logIn();
    if (login.isDone()) {
      route(exchange);
    } else {
      awaitLogin(exchange, login);
    }
  }

  /** Waits until the keys of another issuer have come, by which the client's login is checked. */
  private void awaitLogin(WebExchange exchange, CompletableFuture<?> login) {
    exchange.request().retain();
    isWorking = true;
    var unused =
        login.whenComplete(
            (ignored, failure) ->
                loop.execute(
                    () -> {
                      isWorking = false;
                      waitingSince = loop.now();
                      if (isOpen) {
                        route(exchange);
                      }
                      exchange.request().release();
                    }));
  }

  private void route(WebExchange exchange) {
    try {
      answer(exchange, port.routes().answer(exchange));
    } catch (MalformedRequestException e) {
      respond(exchange, Responses.error(e.status(), e.detail()), true);
    } catch (ProblemException e) {
      respond(exchange, Responses.problem(e), false);
    }
  }

  private void answer(WebExchange exchange, Answer answer) {
    switch (answer) {
      case Answer.Now(FullHttpResponse response, boolean last) -> respond(exchange, response, last);
      case Answer.Later<?> later -> await(exchange, later);
      case Answer.File(String path) ->
          port.files().answer(exchange.request(), path, new FileExchange(exchange));
      case Answer.WebSocket(JoinRequest join) -> {
        if (admits(exchange)) {
          DeflateTerms deflate = port.deflate(exchange.request());
          switchTo(
              Handshake.response(exchange.request(), deflate),
              () ->
                  port.transports()
                      .webSocket(
                          channel,
                          loop,
                          exchange.address(),
                          deflate,
                          join,
                          port.connecting(exchange.request(), exchange.addressed()),
                          this::leave));
        }
      }
      case Answer.Stream(HttpResponse head, Framing framing, JoinRequest join) -> {
        if (admits(exchange)) {
          site.addHeaders(exchange.request(), head);
          switchTo(
              head,
              () ->
                  port.transports().stream(
                      channel,
                      loop,
                      exchange.address(),
                      framing,
                      join,
                      exchange.clientRequest(),
                      this::leave));
        }
      }
      case Answer.Feed(HttpResponse head, Consumer<Channel> body) -> {
        if (admits(exchange)) {
          site.addHeaders(exchange.request(), head);
          switchTo(
              head,
              () -> {
                leave();
                body.accept(channel);
              });
        }
      }
      case Answer.SharedStream stream -> {
        if (admits(exchange)) {
          site.addHeaders(exchange.request(), stream.head());
          switchTo(
              stream.head(),
              () ->
                  port.transports().stream(
                      channel,
                      loop,
                      exchange.address(),
                      stream,
                      exchange.clientRequest(),
                      site,
                      this::leave));
        }
      }
    }
  }

  private void await(WebExchange exchange, Answer.Later<?> later) {
    isWorking = true;
    isPoll = later.isPoll();
    work = later.work();
    if (isPoll && isInputShut) {
      close();
    } else if (isPoll) {
      channel.config().setAutoRead(true); // without it the end of the input might not be seen
    }
    later.whenDone(response -> loop.execute(() -> respondLater(exchange, response)));
  }

  private void respondLater(WebExchange exchange, Supplier<FullHttpResponse> response) {
    work = null;
    if (isOpen) {
      respond(exchange, response.get(), false);
    }
  }

  private void respond(WebExchange exchange, FullHttpResponse response, boolean last) {
    isWorking = false;
    isPoll = false;
    count(response);
    int length = response.content().readableBytes();
    waitingSince = loop.now() + length / SLOWEST_READER; // a long answer takes its time
    boolean keep = exchange.isKeepAlive() && !last && !isStopping;
    if (exchange.isHead()) {
      response.content().clear();
    }
    response.headers().set(HttpHeaderNames.CONTENT_LENGTH, length);
    site.addHeaders(exchange.request(), response);
    HttpUtil.setKeepAlive(response.headers(), exchange.request().protocolVersion(), keep);
    // The next request waits until the response is written: a client that does not read its
    // answers is not read.
    var unused =
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

  private void count(HttpResponse response) {
    int status = response.status().code();
    loop.stats()
        .add(
            status < 400
                ? Counter.HTTP_SUCCESSES
                : status < 500 ? Counter.HTTP_CLIENT_ERRORS : Counter.HTTP_SERVER_ERRORS,
            1);
  }

  private void next() {
    waitingSince = loop.now();
    // In a task of its own, so that many requests in one packet are no deep recursion.
    loop.execute(
        () -> {
          if (isOpen) {
            isBusy = false;
            decoder.resume();
            if (!isBusy && (isInputShut || isStopping)) {
              close();
            } else if (!isBusy) {
              channel.config().setAutoRead(true);
            }
          }
        });
  }

  /** The connection, as the answer with a file sees it. */
  private final class FileExchange implements StaticFiles.Exchange {
    private final WebExchange exchange;
    private final boolean keep;

    FileExchange(WebExchange exchange) {
      this.exchange = exchange;
      this.keep = exchange.isKeepAlive() && !isStopping;
    }

    @Override
    public Channel channel() {
      return channel;
    }

    @Override
    public void addHeaders(HttpResponse head) {
      count(head);
      head.headers().set("x-powered-by", site.serverName());
      HttpUtil.setKeepAlive(head.headers(), exchange.request().protocolVersion(), keep);
    }

    @Override
    public void progress() {
      waitingSince = loop.now();
    }

    @Override
    public void done(boolean isWhole) {
      if (isWhole && keep) {
        next();
      } else {
        HttpHandler.this.close();
      }
    }
  }

  // --- connections that leave HTTP -------------------------------------------------------------

  private boolean admits(WebExchange exchange) {
    if (site.admits(channel, exchange.address())) {
      return true;
    }
    respond(
        exchange,
        Responses.problem(
            new ProblemException(HttpResponseStatus.TOO_MANY_REQUESTS, ConnectionFilter.TOO_MANY)),
        true);
    return false;
  }

  /** Sends the last HTTP response, and then starts the other protocol. */
  private void switchTo(HttpResponse head, Runnable other) {
    count(head);
    // The response has to be written first: the new socket writes past the channel.
    var unused =
        channel
            .writeAndFlush(head)
            .addListener(
                future -> {
                  if (future.isSuccess() && isOpen && !isInputShut) {
                    isOpen = false;
                    loop.closed();
                    other.run();
                  } else {
                    close();
                  }
                });
  }

  /** Removes HTTP from the channel. Bytes that were read beyond the request go to the socket. */
  private void leave() {
    channel.pipeline().remove(this);
    channel.pipeline().remove("body");
    channel.pipeline().remove("encoder");
    channel.pipeline().remove("decoder");
  }

  // --- the end ---------------------------------------------------------------------------------

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      isInputShut = true;
      if (!isBusy || isPoll) {
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
   * A request has one deadline, however slowly it comes in, and so has the reading of its answer.
   * While the server works for a request the client has no deadline.
   */
  @Override
  public boolean sweep(int now) {
    if (isOpen && !isWorking && now - waitingSince > port.requestSeconds()) {
      site.limits().count(Refusal.DEADLINE);
      close();
    }
    return isOpen;
  }

  @Override
  public void stop() {
    isStopping = true;
    if (!isBusy) {
      close();
    }
  }

  @Override
  public void close() {
    if (isOpen) {
      isOpen = false;
      loop.closed();
      if (work != null) {
        work.cancel(true); // its client has left
      }
      var unused = channel.close();
    }
  }
}
