package io.earshot.netty.room;

import io.earshot.netty.frame.EventIds;
import io.earshot.netty.frame.Framing;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.protocol.Command;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Request;
import io.earshot.protocol.RequestDecoder;
import io.earshot.protocol.Start;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests that are about several rooms: a stream of their messages, and requests of the
 * client of such a stream. {@link SeveralPolls} answers polls.
 *
 * <p>Immutable.
 */
final class SeveralRooms {
  private static final String METHODS = "GET, HEAD, POST, OPTIONS";

  private static final int LEAST_KEY_LENGTH = 16;
  private static final int MOST_KEY_LENGTH = 256;
  private static final Duration SHORTEST_PING = Duration.ofSeconds(1);

  private final Site site;
  private final SeveralPolls polls;

  SeveralRooms(Site site) {
    this.site = site;
    this.polls = new SeveralPolls(site);
  }

  /** Whether a request at the path of any rooms is about more than one room, or may become so. */
  static boolean matches(WebExchange exchange) throws ProblemException {
    if (!exchange.rawPath().equals(Site.ANY_ROOMS_PATH)) {
      return false;
    }
    Map<String, List<String>> params = query(exchange).params();
    return !exchange.isRead()
        || params.containsKey("stream")
        || params.getOrDefault("room", List.of()).size() > 1;
  }

  private static Query query(WebExchange exchange) throws ProblemException {
    try {
      return Query.of(exchange.uri());
    } catch (MalformedRequestException e) {
      throw ProblemException.of(e);
    }
  }

  Answer answer(WebExchange exchange) throws ProblemException {
    HttpMethod method = exchange.method();
    if (method.equals(HttpMethod.OPTIONS)) {
      return site.crossOrigin().options(exchange.request(), METHODS);
    } else if (exchange.isRead()) {
      Opening opening = ofQuery(query(exchange), exchange);
      return stream(exchange, opening, !opening.requests().isEmpty());
    } else if (!method.equals(HttpMethod.POST)) {
      throw ProblemException.methodNotAllowed(method, METHODS);
    }
    Fields body = Fields.of(exchange.request());
    if (body.has("rooms")) {
      return polls.answer(exchange, body);
    }
    Opening opening = ofBody(body);
    return RoomUrls.streamFraming(exchange) == null
        ? requests(exchange, opening)
        : stream(exchange, opening, false);
  }

  // --- streams ---------------------------------------------------------------------------------

  /**
   * The content of a request to open a stream, or to send requests to one.
   *
   * @param key the key of the stream, which the client has chosen; null for none
   * @param requests the requests
   * @param pingInterval the interval of pings that the client asks for, in milliseconds; 0 if it
   *     asks for none
   */
  private record Opening(@Nullable String key, List<Request> requests, int pingInterval) {}

  private Opening ofQuery(Query query, WebExchange exchange) throws ProblemException {
    List<String> rooms = query.params().getOrDefault("room", List.of());
    List<String> after = query.params().getOrDefault("after", List.of());
    if (rooms.size() > Fields.MOST || (!after.isEmpty() && after.size() != rooms.size())) {
      throw ProblemException.badRequest(
          "there are at most "
              + Fields.MOST
              + " rooms, and after is given for each room or for none");
    }
    String token = RoomUrl.token(exchange.headers(), query);
    int history = RoomUrl.history(query);
    var given = new ArrayList<@Nullable Cursor>();
    for (String cursor : after) {
      given.add(cursor.isEmpty() ? null : RoomUrl.cursor(cursor, "after"));
    }
    // A browser that reconnects sends the id of its last event, to the URL that it began with.
    String last = exchange.headers().get("last-event-id");
    Iterator<@Nullable Cursor> cursors =
        (last == null ? given : EventIds.parse(last, rooms.size())).iterator();
    var requests = new ArrayList<Request>();
    for (String room : rooms) {
      Cursor cursor = cursors.hasNext() ? cursors.next() : null;
      requests.add(
          new Request(
              new Command.AddRoom(RoomUrl.valid(room), new Start(cursor, history), token), null));
    }
    int pingInterval = query.number("pingInterval", 0, 0, Integer.MAX_VALUE);
    return new Opening(key(query.param("stream")), requests, pingInterval);
  }

  private Opening ofBody(Fields body) throws ProblemException {
    var requests = new ArrayList<Request>();
    for (Json each : body.array("requests")) {
      if (!(each instanceof Json.Obj object)) {
        throw ProblemException.badRequest("requests are objects with an event");
      }
      Request request = RequestDecoder.object(object);
      String refusal = refusal(object, request);
      requests.add(
          refusal == null
              ? request
              : new Request(new Command.Malformed(refusal), request.messageId()));
    }
    return new Opening(key(body.text("stream")), requests, body.number("pingInterval", 0));
  }

  /** Why a request cannot be handed to a stream; null if it can. */
  private @Nullable String refusal(Json.Obj object, Request request) {
    if (request.command() instanceof Command.Resume) {
      return "Error: a stream cannot resume a session";
    }
    return object.encode().length > site.maxMessageLength()
        ? "Error: messages have at most " + site.maxMessageLength() + " bytes"
        : null;
  }

  private static @Nullable String key(@Nullable String key) throws ProblemException {
    if (key != null && (key.length() < LEAST_KEY_LENGTH || key.length() > MOST_KEY_LENGTH)) {
      throw ProblemException.badRequest(
          "the key of a stream is a random text of "
              + LEAST_KEY_LENGTH
              + " to "
              + MOST_KEY_LENGTH
              + " characters");
    }
    return key;
  }

  private Answer stream(WebExchange exchange, Opening opening, boolean byUrl)
      throws ProblemException {
    Framing framing = exchange.isHead() ? null : RoomUrls.streamFraming(exchange);
    if (framing == null) {
      throw new ProblemException(
          HttpResponseStatus.NOT_ACCEPTABLE,
          "several rooms are a stream: accept text/event-stream or application/x-ndjson");
    }
    exchange.refuseForeign("be in a room");
    exchange.check();
    if (opening.key() != null && site.streams().contains(opening.key())) {
      throw new ProblemException(
          HttpResponseStatus.CONFLICT, "a stream with this key is open already");
    }
    return new Answer.SharedStream(
        RoomUrls.streamHead(framing),
        framing,
        opening.key(),
        pingInterval(opening.pingInterval()),
        opening.requests(),
        byUrl);
  }

  /** The setting, or what the client asks for if that is shorter. */
  private Duration pingInterval(int asked) {
    Duration setting = site.config().webSockets().pingInterval();
    if (asked == 0) {
      return setting;
    }
    Duration wanted = Duration.ofMillis(Math.max(asked, SHORTEST_PING.toMillis()));
    return setting.isZero() || wanted.compareTo(setting) < 0 ? wanted : setting;
  }

  private Answer requests(WebExchange exchange, Opening opening) throws ProblemException {
    exchange.refuseForeign("be in a room");
    if (opening.key() == null) {
      throw ProblemException.badRequest("the key of a stream is required");
    }
    int bytes = exchange.request().content().readableBytes();
    return Answer.later(
        site.streams().request(opening.key(), opening.requests(), bytes),
        (ignored, failure) ->
            failure == null
                ? Responses.json(
                    HttpResponseStatus.ACCEPTED, "{}".getBytes(StandardCharsets.US_ASCII))
                : Responses.failed(failure));
  }
}
