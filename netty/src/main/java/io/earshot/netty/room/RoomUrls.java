package io.earshot.netty.room;

import io.earshot.ChatRoom;
import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.Signal;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests to the URL of a room: its members, a stream of its messages or a WebSocket in
 * it; to the URL of its messages: reading and posting them; and to that of its signals: posting
 * them.
 *
 * <p>Immutable.
 */
public final class RoomUrls {
  private static final String ROOM_METHODS = "GET, HEAD, OPTIONS";
  private static final String MESSAGES_METHODS = "GET, HEAD, POST, OPTIONS";
  private static final String SIGNALS_METHODS = "POST, OPTIONS";

  private final Site site;
  private final Handshake handshake;
  private final SeveralRooms several;

  public RoomUrls(Site site, Handshake handshake) {
    this.site = site;
    this.handshake = handshake;
    this.several = new SeveralRooms(site);
  }

  /** Answers a request whose path {@link RoomUrl#matches}. */
  public Answer answer(WebExchange exchange) throws ProblemException {
    exchange.checkLogin(true);
    if (SeveralRooms.matches(exchange)) {
      return several.answer(exchange);
    }
    RoomUrl url = RoomUrl.of(exchange.uri());
    return switch (url.part()) {
      case ROOM -> room(exchange, url);
      case MESSAGES -> messages(exchange, url);
      case SIGNALS -> signals(exchange, url);
    };
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
    var unused = check(exchange, url, Permission.LISTEN);
    int maxLength = site.config().limits().answerBytes();
    RoomStatus.Page page = url.page();
    ChatRoom rooms = site.engine().api().chatRoom();
    // On a thread of its own: to encode the members of a large room takes some milliseconds.
    CompletableFuture<byte[]> body =
        (page == null
                ? rooms.socketRoomStatus(url.room())
                : rooms.socketRoomStatus(url.room(), page))
            .thenApplyAsync(status -> encoded(status, maxLength), Thread::startVirtualThread)
            .toCompletableFuture();
    return Answer.later(body, RoomUrls::status);
  }

  private Answer webSocket(WebExchange exchange, RoomUrl url) throws ProblemException {
    JoinRequest join = url.join(exchange.headers());
    Handshake.Refusal refusal =
        exchange.request().content().isReadable()
            ? Handshake.HAS_BODY
            : handshake.check(exchange.request(), exchange.addressed());
    if (refusal == null) {
      return new Answer.WebSocket(join);
    }
    return Handshake.refused(
        Responses.problem(new ProblemException(refusal.status(), refusal.error())));
  }

  /** The format of the stream that the client accepts first; null if it wants no stream. */
  static @Nullable Framing streamFraming(WebExchange exchange) {
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

  /** Checks the client's token and permission, and returns the grant of the token. */
  private static @Nullable Grant check(WebExchange exchange, RoomUrl url, Permission permission)
      throws ProblemException {
    Grant grant = exchange.verify(url.token(exchange.headers()));
    exchange.check(url.room(), permission, grant);
    return grant;
  }

  private Answer stream(WebExchange exchange, RoomUrl url, Framing framing)
      throws ProblemException {
    exchange.refuseForeign("be in a room");
    var unused = check(exchange, url, Permission.JOIN);
    // A browser that reconnects sends the id of its last event, to the URL that it began with.
    String last = exchange.headers().get("last-event-id");
    Cursor after = last == null ? url.after() : lastEvent(last);
    return new Answer.Stream(
        streamHead(framing),
        framing,
        new JoinRequest(url.room(), url.start(after), url.token(exchange.headers())));
  }

  /**
   * The cursor of a browser that reconnects. A page cannot change it, and a browser gives up after
   * a refusal, so a value that is no cursor is one that is unknown.
   */
  private static Cursor lastEvent(String id) {
    Cursor cursor = Cursor.parse(id);
    return cursor == null ? Cursor.UNKNOWN : cursor;
  }

  /** The response before a stream. */
  static HttpResponse streamHead(Framing framing) {
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
    return head;
  }

  private static FullHttpResponse status(byte @Nullable [] body, @Nullable Throwable failure) {
    if (body == null) {
      return Responses.failed(failure);
    }
    FullHttpResponse response = Responses.json(HttpResponseStatus.OK, body);
    response.headers().set(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT);
    return response;
  }

  /** Encodes the status of a room; without the lists if it would be too long with them. */
  public static byte[] encoded(RoomStatus status, int maxLength) {
    return bounded(status, maxLength).encode();
  }

  /** The status of a room; without the lists if it would be too long with them. */
  public static Json.Obj bounded(RoomStatus status, int maxLength) {
    Json.Obj json = status.toJson();
    if (json.encode().length <= maxLength) {
      return json;
    }
    var fields = new LinkedHashMap<>(json.fields());
    fields.remove("members");
    fields.remove("next");
    fields.remove("users");
    fields.remove("usersNext");
    return new Json.Obj(fields);
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
    Grant grant = check(exchange, url, Permission.LISTEN);
    boolean waits = url.query().param("before") == null;
    int asked = waits ? url.query().number("wait", 0, 0, Integer.MAX_VALUE) : 0;
    int wait = exchange.isHead() ? 0 : asked;
    return new Answer.Later<>(
        url.read(site.engine().http(), wait),
        (excerpt, failure) -> excerpt(exchange, url, grant, excerpt, failure),
        true,
        wait > 0);
  }

  private static FullHttpResponse excerpt(
      WebExchange exchange,
      RoomUrl url,
      @Nullable Grant grant,
      @Nullable Excerpt excerpt,
      @Nullable Throwable failure) {
    try {
      // The client's token may have ended while the poll waited, or a rule or a ban changed.
      exchange.check(url.room(), Permission.LISTEN, grant);
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
    fields.put("from", Json.of(exchange.clientId()));
    fields.put("epoch", Json.of(place.epoch()));
    fields.put("offset", Json.of(place.offset()));
    FullHttpResponse response =
        Responses.json(HttpResponseStatus.CREATED, new Json.Obj(fields).encode());
    exchange.setCookie(response);
    return response;
  }

  // --- /rooms/ROOM/signals ---------------------------------------------------------------------

  private Answer signals(WebExchange exchange, RoomUrl url) throws ProblemException {
    HttpMethod method = exchange.method();
    if (method.equals(HttpMethod.OPTIONS)) {
      return site.crossOrigin().options(exchange.request(), SIGNALS_METHODS);
    } else if (!method.equals(HttpMethod.POST)) {
      throw ProblemException.methodNotAllowed(method, SIGNALS_METHODS);
    }
    exchange.refuseForeign("speak");
    Fields body = Fields.of(exchange.request());
    Json content = body.all().get("signal");
    if (content == null) {
      throw ProblemException.badRequest("a signal is required");
    }
    if (Audience.of(body.all()) != null) {
      throw ProblemException.badRequest(Signal.NO_AUDIENCE);
    }
    String kind = body.text("kind");
    String error = Signal.invalid(content, kind);
    if (error != null) {
      throw ProblemException.badRequest(error);
    }
    exchange.signal(url.room(), exchange.verify(url.token(exchange.headers())), content, kind);
    var fields = new LinkedHashMap<String, Json>();
    fields.put("room", Json.of(url.room()));
    fields.put("from", Json.of(exchange.clientId()));
    FullHttpResponse response =
        Responses.json(HttpResponseStatus.ACCEPTED, new Json.Obj(fields).encode());
    exchange.setCookie(response);
    return Answer.now(response);
  }
}
