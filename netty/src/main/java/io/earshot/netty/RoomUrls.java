package io.earshot.netty;

import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.BrokerException;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
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
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is answered where a room is a URL: who is in it, a stream of what it tells, a WebSocket that
 * is in it; and under it what it told, and a place to say something.
 *
 * <p>Immutable.
 */
final class RoomUrls {
  private static final String ROOM_METHODS = "GET, HEAD, OPTIONS";
  private static final String MESSAGES_METHODS = "GET, HEAD, POST, OPTIONS";
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;

  private final Doors doors;

  RoomUrls(Doors doors) {
    this.doors = doors;
  }

  /** What is to be done for a request. */
  sealed interface Answer permits Now, Later, Socket, Stream {}

  /**
   * To answer it.
   *
   * @param last whether nothing more is to be read from this connection
   */
  record Now(FullHttpResponse response, boolean last) implements Answer {}

  /**
   * To answer it when something is known.
   *
   * @param asked what; to be cancelled when nobody wants it any more
   * @param words what to say then
   * @param waits whether it is only asked for by somebody who stays to hear it
   */
  record Later<T>(CompletableFuture<T> asked, Words<T> words, boolean waits) implements Answer {
    void whenKnown(Consumer<Supplier<FullHttpResponse>> to) {
      var _ = asked.whenComplete((known, failure) -> to.accept(() -> words.of(known, failure)));
    }
  }

  /** To make a WebSocket of the connection. */
  record Socket(Visit visit) implements Answer {}

  /**
   * To make a stream of the connection.
   *
   * @param head what comes before it
   * @param framing how it is said
   */
  record Stream(HttpResponse head, Framing framing, Visit visit) implements Answer {}

  /** Puts into words what came of a question. */
  interface Words<T> {
    FullHttpResponse of(@Nullable T known, @Nullable Throwable failure);
  }

  /** Says what to do for a request whose path {@link RoomUrl#isOne}. */
  Answer answer(Channel channel, FullHttpRequest request) {
    try {
      RoomUrl url = RoomUrl.of(request.uri());
      return url.isMessages() ? messages(channel, request, url) : room(channel, request, url);
    } catch (ProblemException e) {
      return new Now(e.response(), false);
    }
  }

  // --- /rooms/ROOM -----------------------------------------------------------------------------

  private Answer room(Channel channel, FullHttpRequest request, RoomUrl url)
      throws ProblemException {
    HttpMethod method = request.method();
    if (Handshake.isAsked(request)) {
      return socket(request, url.visit(request.headers()));
    } else if (method.equals(HttpMethod.OPTIONS)) {
      return new Now(doors.options(request, ROOM_METHODS), false);
    } else if (!isRead(method)) {
      return notAllowed(method, ROOM_METHODS);
    }
    Framing framing = method.equals(HttpMethod.GET) ? streamed(request) : null;
    if (framing == null) {
      check(channel, request, url, Permission.LISTEN);
      return new Later<>(doors.status(url.room()), this::status, false);
    }
    return stream(channel, request, url, framing);
  }

  private static boolean isRead(HttpMethod method) {
    return method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
  }

  private static Answer notAllowed(HttpMethod method, String allowed) {
    FullHttpResponse response =
        new ProblemException(
                HttpResponseStatus.METHOD_NOT_ALLOWED, method + " does not work here; " + allowed)
            .response();
    response.headers().set(HttpHeaderNames.ALLOW, allowed);
    return new Now(response, false);
  }

  private Answer socket(FullHttpRequest request, Visit visit) {
    Handshake.Refusal refusal =
        request.content().isReadable()
            ? new Handshake.Refusal(HttpResponseStatus.BAD_REQUEST, "a handshake has no body")
            : doors.handshake().check(request);
    if (refusal == null) {
      return new Socket(visit);
    }
    FullHttpResponse response = new ProblemException(refusal.status(), refusal.error()).response();
    response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
    return new Now(response, true);
  }

  /** The kind of stream that a client wants; null if it wants none. */
  private static @Nullable Framing streamed(FullHttpRequest request) {
    for (String line : request.headers().getAll(HttpHeaderNames.ACCEPT)) {
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

  private void check(Channel channel, FullHttpRequest request, RoomUrl url, Permission what)
      throws ProblemException {
    doors.web(channel, request).check(url.room(), what, url.token(request.headers()));
  }

  private Answer stream(Channel channel, FullHttpRequest request, RoomUrl url, Framing framing)
      throws ProblemException {
    refuseForeign(request, "be in a room");
    check(channel, request, url, Permission.JOIN);
    // A browser that comes again says what it heard last, under the URL that it began with.
    String last = request.headers().get("last-event-id");
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
    return new Stream(head, framing, new Visit(url.room(), after, url.token(request.headers())));
  }

  private FullHttpResponse status(@Nullable RoomStatus status, @Nullable Throwable failure) {
    if (status == null) {
      return failed(failure);
    }
    FullHttpResponse response = json(HttpResponseStatus.OK, fitting(status, doors.longestAnswer()));
    response.headers().set(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT);
    return response;
  }

  /** Who is in a room, or how many, if that would be too long. */
  static byte[] fitting(RoomStatus status, int longest) {
    Json.Obj json = status.toJson();
    byte[] body = json.encode();
    if (body.length > longest) {
      var fields = new LinkedHashMap<>(json.fields());
      fields.remove("members");
      body = new Json.Obj(fields).encode();
    }
    return body;
  }

  // --- /rooms/ROOM/messages --------------------------------------------------------------------

  private Answer messages(Channel channel, FullHttpRequest request, RoomUrl url)
      throws ProblemException {
    HttpMethod method = request.method();
    if (isRead(method)) {
      check(channel, request, url, Permission.LISTEN);
      int wait = url.number("wait", 0, 0, Integer.MAX_VALUE);
      int limit = url.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
      if (method.equals(HttpMethod.HEAD)) {
        wait = 0;
      }
      return new Later<>(
          doors.read(url.room(), url.after(), limit, wait),
          (excerpt, failure) -> {
            try {
              // While it waited, its token may have ended, or somebody decided otherwise.
              check(channel, request, url, Permission.LISTEN);
              return excerpt(excerpt, failure);
            } catch (ProblemException e) {
              return e.response();
            }
          },
          wait > 0);
    } else if (method.equals(HttpMethod.POST)) {
      return say(channel, request, url);
    } else if (method.equals(HttpMethod.OPTIONS)) {
      return new Now(doors.options(request, MESSAGES_METHODS), false);
    }
    return notAllowed(method, MESSAGES_METHODS);
  }

  private static FullHttpResponse excerpt(@Nullable Excerpt excerpt, @Nullable Throwable failure) {
    return excerpt == null ? failed(failure) : json(HttpResponseStatus.OK, excerpt.encode());
  }

  private Answer say(Channel channel, FullHttpRequest request, RoomUrl url)
      throws ProblemException {
    String room = url.room();
    refuseForeign(request, "speak");
    PostedSay say = PostedSay.of(request, doors.longestMessage());
    Web web = doors.web(channel, request);
    return new Later<>(
        web.say(room, url.token(request.headers()), say),
        (place, failure) -> said(web, room, place, failure),
        false);
  }

  private static FullHttpResponse said(
      Web web, String room, @Nullable Cursor place, @Nullable Throwable failure) {
    if (place == null) {
      return failed(failure);
    }
    var fields = new LinkedHashMap<String, Json>();
    fields.put("room", Json.of(room));
    fields.put("epoch", Json.of(place.epoch()));
    fields.put("offset", Json.of(place.offset()));
    FullHttpResponse response = json(HttpResponseStatus.CREATED, new Json.Obj(fields).encode());
    web.setCookie(response);
    return response;
  }

  // --- answers ---------------------------------------------------------------------------------

  private void refuseForeign(FullHttpRequest request, String what) throws ProblemException {
    if (doors.isForeign(request)) {
      throw new ProblemException(
          HttpResponseStatus.FORBIDDEN,
          "pages of other sites may not "
              + what
              + "; the setting httpServer.corsOrigins says which may");
    }
  }

  static FullHttpResponse json(HttpResponseStatus status, byte[] body) {
    FullHttpResponse response = HttpDoor.response(status, "application/json", body);
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    return response;
  }

  static FullHttpResponse failed(@Nullable Throwable failure) {
    return problem(failure).response();
  }

  static ProblemException problem(@Nullable Throwable failure) {
    Throwable cause = cause(failure);
    return switch (cause) {
      case RefusedException refused ->
          new ProblemException(HttpResponseStatus.FORBIDDEN, String.valueOf(refused.getMessage()));
      case RejectedExecutionException full -> unavailable(full);
      case BrokerException away -> unavailable(away);
      case null, default ->
          new ProblemException(
              HttpResponseStatus.INTERNAL_SERVER_ERROR, "The server experienced an internal error");
    };
  }

  private static ProblemException unavailable(Throwable cause) {
    return new ProblemException(
        HttpResponseStatus.SERVICE_UNAVAILABLE, String.valueOf(cause.getMessage()));
  }

  static @Nullable Throwable cause(@Nullable Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }
}
