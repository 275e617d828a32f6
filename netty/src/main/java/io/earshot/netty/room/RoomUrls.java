package io.earshot.netty.room;

import io.earshot.Permission;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests to the URL of a room: its members, a stream of its messages or a WebSocket in
 * it; and to the URL of its messages: reading and posting them.
 *
 * <p>Immutable.
 */
public final class RoomUrls {
  private static final String ROOM_METHODS = "GET, HEAD, OPTIONS";
  private static final String MESSAGES_METHODS = "GET, HEAD, POST, OPTIONS";
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;

  private final Site site;
  private final Handshake handshake;

  public RoomUrls(Site site, Handshake handshake) {
    this.site = site;
    this.handshake = handshake;
  }

  /** Answers a request whose path {@link RoomUrl#matches}. */
  public Answer answer(WebExchange exchange) throws ProblemException {
    RoomUrl url = RoomUrl.of(exchange.uri());
    return url.isMessages() ? messages(exchange, url) : room(exchange, url);
  }

  // --- /rooms/ROOM -----------------------------------------------------------------------------

  private Answer room(WebExchange exchange, RoomUrl url) throws ProblemException {
    HttpMethod method = exchange.method();
    if (Handshake.isRequested(exchange.request())) {
      return webSocket(exchange, url);
    } else if (method.equals(HttpMethod.OPTIONS)) {
      return site.crossOrigin().options(exchange.request(), ROOM_METHODS);
    } else if (!exchange.isRead()) {
      throw ProblemException.methodNotAllowed(method, ROOM_METHODS);
    }
    Framing framing = exchange.isHead() ? null : streamFraming(exchange);
    if (framing != null) {
      return stream(exchange, url, framing);
    }
    check(exchange, url, Permission.LISTEN);
    CompletableFuture<RoomStatus> status =
        site.engine().api().chatRoom().socketRoomStatus(url.room()).toCompletableFuture();
    return Answer.later(status, this::status);
  }

  private Answer webSocket(WebExchange exchange, RoomUrl url) throws ProblemException {
    JoinRequest join = url.join(exchange.headers());
    Handshake.Refusal refusal =
        exchange.request().content().isReadable()
            ? Handshake.HAS_BODY
            : handshake.check(exchange.request());
    if (refusal == null) {
      return new Answer.WebSocket(join);
    }
    return Handshake.refused(
        Responses.problem(new ProblemException(refusal.status(), refusal.error())));
  }

  /** The format of the stream that the client accepts first; null if it wants no stream. */
  private static @Nullable Framing streamFraming(WebExchange exchange) {
    for (String line : exchange.headers().getAll(HttpHeaderNames.ACCEPT)) {
      for (String item : line.toLowerCase(Locale.ROOT).split(",", -1)) {
        switch (item.split(";", 2)[0].strip()) {
          case "text/event-stream" -> {
            return Framing.EVENTS;
          }
          case "application/x-ndjson" -> {
            return Framing.JSON_LINES;
          }
          case "application/json" -> {
            return null;
          }
          default -> {}
        }
      }
    }
    return null;
  }

  private static void check(WebExchange exchange, RoomUrl url, Permission permission)
      throws ProblemException {
    exchange.check(url.room(), permission, url.token(exchange.headers()));
  }

  private Answer stream(WebExchange exchange, RoomUrl url, Framing framing)
      throws ProblemException {
    exchange.refuseForeign("be in a room");
    check(exchange, url, Permission.JOIN);
    // A browser that reconnects sends the id of its last event, to the URL that it began with.
    String last = exchange.headers().get("last-event-id");
    Cursor after = last == null ? url.after() : RoomUrl.cursor(last, "Last-Event-ID");
    var head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    head.headers()
        .set(
            HttpHeaderNames.CONTENT_TYPE,
            framing == Framing.EVENTS
                ? "text/event-stream; charset=utf-8"
                : "application/x-ndjson; charset=utf-8")
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT)
        .set("x-accel-buffering", "no")
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return new Answer.Stream(
        head, framing, new JoinRequest(url.room(), after, url.token(exchange.headers())));
  }

  private FullHttpResponse status(@Nullable RoomStatus status, @Nullable Throwable failure) {
    if (status == null) {
      return Responses.failed(failure);
    }
    FullHttpResponse response =
        Responses.json(
            HttpResponseStatus.OK, encoded(status, site.config().limits().answerBytes()));
    response.headers().set(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT);
    return response;
  }

  /** Encodes the status of a room; without the list of members if it would be too long with it. */
  public static byte[] encoded(RoomStatus status, int maxLength) {
    Json.Obj json = status.toJson();
    byte[] body = json.encode();
    if (body.length > maxLength) {
      var fields = new LinkedHashMap<>(json.fields());
      fields.remove("members");
      body = new Json.Obj(fields).encode();
    }
    return body;
  }

  // --- /rooms/ROOM/messages --------------------------------------------------------------------

  private Answer messages(WebExchange exchange, RoomUrl url) throws ProblemException {
    HttpMethod method = exchange.method();
    if (exchange.isRead()) {
      return read(exchange, url);
    } else if (method.equals(HttpMethod.POST)) {
      return say(exchange, url);
    } else if (method.equals(HttpMethod.OPTIONS)) {
      return site.crossOrigin().options(exchange.request(), MESSAGES_METHODS);
    }
    throw ProblemException.methodNotAllowed(method, MESSAGES_METHODS);
  }

  private Answer read(WebExchange exchange, RoomUrl url) throws ProblemException {
    check(exchange, url, Permission.LISTEN);
    int asked = url.query().number("wait", 0, 0, Integer.MAX_VALUE);
    int limit = url.query().number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    int wait = exchange.isHead() ? 0 : asked;
    return new Answer.Later<>(
        site.engine().read(url.room(), url.after(), limit, wait),
        (excerpt, failure) -> excerpt(exchange, url, excerpt, failure),
        true,
        wait > 0);
  }

  private static FullHttpResponse excerpt(
      WebExchange exchange, RoomUrl url, @Nullable Excerpt excerpt, @Nullable Throwable failure) {
    try {
      // The client's token may have ended while the poll waited, or a rule or a ban changed.
      check(exchange, url, Permission.LISTEN);
    } catch (ProblemException e) {
      return Responses.problem(e);
    }
    return excerpt == null
        ? Responses.failed(failure)
        : Responses.json(HttpResponseStatus.OK, excerpt.encode());
  }

  private Answer say(WebExchange exchange, RoomUrl url) throws ProblemException {
    exchange.refuseForeign("speak");
    PostedSay say = PostedSay.of(exchange.request(), site.maxMessageLength());
    return Answer.later(
        exchange.say(
            url.room(),
            url.token(exchange.headers()),
            say.message(),
            say.audience(),
            say.messageId(),
            say.key()),
        (place, failure) -> said(exchange, url.room(), place, failure));
  }

  private static FullHttpResponse said(
      WebExchange exchange, String room, @Nullable Cursor place, @Nullable Throwable failure) {
    if (place == null) {
      return Responses.failed(failure);
    }
    var fields = new LinkedHashMap<String, Json>();
    fields.put("room", Json.of(room));
    fields.put("epoch", Json.of(place.epoch()));
    fields.put("offset", Json.of(place.offset()));
    FullHttpResponse response =
        Responses.json(HttpResponseStatus.CREATED, new Json.Obj(fields).encode());
    exchange.setCookie(response);
    return response;
  }
}
