package io.earshot.netty.room;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.protocol.Welcome;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers polls of several rooms.
 *
 * <p>Immutable.
 */
final class SeveralPolls {
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;

  private final Site site;

  SeveralPolls(Site site) {
    this.site = site;
  }

  /** A token that the client shows: its grant, or why it is refused; neither without a token. */
  private record Shown(@Nullable Grant grant, @Nullable String refusal) {
    static final Shown NONE = new Shown(null, null);

    static Shown of(WebExchange exchange, String token) {
      try {
        return new Shown(exchange.verify(token), null);
      } catch (ProblemException e) {
        return new Shown(null, e.getMessage());
      }
    }
  }

  /** A room of a poll, and the token that the client shows for it. */
  private record PolledRoom(ExcerptRequest asked, Shown token) {

    /** Why the client may not read the room now; null if it may. */
    @Nullable String refusal(WebExchange exchange) {
      if (token.refusal() != null) {
        return token.refusal();
      }
      try {
        exchange.check(asked.room(), Permission.LISTEN, token.grant());
        return null;
      } catch (ProblemException e) {
        return e.getMessage();
      }
    }
  }

  Answer answer(WebExchange exchange, Fields body) throws ProblemException {
    List<Json> named = body.array("rooms");
    int most = site.config().limits().rooms();
    if (named.size() > most) {
      throw ProblemException.badRequest(
          "a poll names at most " + most + " rooms; the setting is limits.rooms");
    }
    if (named.isEmpty()) {
      return Answer.now(limits(most, exchange.user()));
    }
    int wait = body.number("wait", 0);
    // Many clients show one token for all rooms, and a check of its signature is the largest part
    // of the work. After the wait the grant is enough.
    var tokens = new HashMap<String, Shown>();
    var rooms = new ArrayList<PolledRoom>();
    for (Json each : named) {
      if (!(each instanceof Json.Obj(Map<String, Json> all))) {
        throw ProblemException.badRequest("rooms are objects with a room");
      }
      var fields = new Fields(all);
      String token = fields.text("token");
      Shown shown =
          token == null
              ? Shown.NONE
              : tokens.computeIfAbsent(token, ignored -> Shown.of(exchange, token));
      rooms.add(new PolledRoom(asked(fields), shown));
    }
    exchange.charge(rooms.size() - 1); // the request itself has been counted
    List<@Nullable String> refusals = new ArrayList<>();
    List<ExcerptRequest> allowed = new ArrayList<>();
    for (PolledRoom room : rooms) {
      String refusal = room.refusal(exchange);
      refusals.add(refusal);
      if (refusal == null) {
        allowed.add(room.asked());
      }
    }
    boolean waits = wait > 0 && allowed.size() == rooms.size();
    return new Answer.Later<>(
        site.engine().http().read(allowed, waits ? wait : 0),
        (excerpts, failure) ->
            excerpts == null
                ? Responses.failed(failure)
                : polled(exchange, rooms, refusals, excerpts),
        true,
        waits);
  }

  /** The response to a poll of no rooms. */
  private FullHttpResponse limits(int rooms, @Nullable User user) {
    var limits = new Welcome.Limits(site.maxMessageLength(), rooms, 0, 0);
    var fields = new LinkedHashMap<String, Json>();
    fields.put("rooms", new Json.Array(List.of()));
    fields.put("limits", limits.toJson());
    if (user != null) {
      fields.put("user", user.json());
    }
    return Responses.json(HttpResponseStatus.OK, new Json.Obj(fields).encode());
  }

  private static ExcerptRequest asked(Fields fields) throws ProblemException {
    String room = fields.text("room");
    if (room == null) {
      throw ProblemException.badRequest("rooms are objects with a room");
    }
    String after = fields.text("after");
    Json history = fields.all().get("history");
    int newest =
        history == null || history instanceof Json.Null
            ? 0
            : RoomUrl.history(String.valueOf(history.asText()));
    return new ExcerptRequest(
        RoomUrl.valid(room),
        new Start(after == null ? null : RoomUrl.cursor(after, "after"), newest),
        Math.min(fields.number("limit", DEFAULT_LIMIT), MAX_LIMIT));
  }

  /**
   * The response to a poll.
   *
   * @param refusals why the client could not read each room when the poll began; null if it could
   * @param excerpts those of the other rooms, in the order of the rooms
   */
  private static FullHttpResponse polled(
      WebExchange exchange,
      List<PolledRoom> rooms,
      List<@Nullable String> refusals,
      List<Excerpt> excerpts) {
    Iterator<@Nullable String> before = refusals.iterator();
    Iterator<Excerpt> found = excerpts.iterator();
    var out = new ByteArrayOutputStream();
    String separator = "{\"rooms\":[";
    for (PolledRoom room : rooms) {
      out.writeBytes(separator.getBytes(StandardCharsets.US_ASCII));
      separator = ",";
      String refusal = before.next();
      Excerpt excerpt = refusal == null ? found.next() : null;
      if (excerpt != null) {
        // The client's token may have ended while the poll waited, or a rule or a ban changed.
        refusal = room.refusal(exchange);
      }
      out.writeBytes(
          excerpt == null || refusal != null
              ? refused(room.asked().room(), String.valueOf(refusal))
              : excerpt.encode());
    }
    out.writeBytes("]}".getBytes(StandardCharsets.US_ASCII));
    return Responses.json(HttpResponseStatus.OK, out.toByteArray());
  }

  private static byte[] refused(String room, String refusal) {
    return new Json.Obj(Map.of("room", Json.of(room), "error", Json.of(refusal))).encode();
  }
}
