package io.earshot.netty.admin;

import io.earshot.Target;
import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.RequestBody;
import io.earshot.netty.http.Site;
import io.earshot.netty.room.RoomUrl;
import io.earshot.protocol.Json;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A call of the admin API.
 *
 * <p>Immutable.
 *
 * @param by the key that the request shows
 * @param method the method; GET for HEAD
 * @param uri path and query, not decoded
 * @param names the segments of the path after {@code /admin/}, decoded
 * @param query the decoded URL
 * @param body the fields of the body; empty without a body
 * @param key the header {@code Idempotency-Key} of a POST, or null
 * @param digest a digest of the whole call
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record AdminCall(
    AdminKeys.Key by,
    String method,
    String uri,
    List<String> names,
    Query query,
    Map<String, Json> body,
    @Nullable String key,
    byte[] digest) {
  private static final int MAX_KEY_LENGTH = 256;
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;
  private static final Pattern SECONDS = Pattern.compile("\\d{1,9}");

  /** Reads a request. */
  static AdminCall of(FullHttpRequest request, AdminKeys.Key by) throws ProblemException {
    var names = new ArrayList<String>();
    Query query;
    try {
      query = Query.of(request.uri());
      for (String name : query.rawPath().substring(Site.ADMIN_PATH.length()).split("/", -1)) {
        names.add(Query.segment(name));
      }
    } catch (MalformedRequestException e) {
      throw ProblemException.of(e);
    }
    HttpMethod method =
        request.method().equals(HttpMethod.HEAD) ? HttpMethod.GET : request.method();
    String key = request.headers().get("idempotency-key");
    if (key != null && (key.isEmpty() || key.length() > MAX_KEY_LENGTH)) {
      throw ProblemException.badRequest(
          "an Idempotency-Key has 1 to " + MAX_KEY_LENGTH + " characters");
    }
    String text = RequestBody.text(request);
    return new AdminCall(
        by,
        method.name(),
        request.uri(),
        List.copyOf(names),
        query,
        body(request, text),
        method.equals(HttpMethod.POST) ? key : null,
        AdminKeys.digest(method + " " + request.uri() + "\n" + text));
  }

  private static Map<String, Json> body(FullHttpRequest request, String text)
      throws ProblemException {
    if (text.isEmpty()) {
      return Map.of();
    }
    if (!RequestBody.mediaType(request).equals("application/json")) {
      throw new ProblemException(
          HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE, "a body is application/json");
    }
    return RequestBody.object(text);
  }

  /** The first segment of the path, such as {@code rooms}. */
  String collection() {
    return names.getFirst();
  }

  /** The path with {@code *} for a name: {@code rooms/*} for one of the rooms. */
  String shape() {
    if (names.getFirst().indexOf('*') >= 0
        || (names.size() > 2 && names.get(2).indexOf('*') >= 0)) {
      return "";
    }
    return switch (names.size()) {
      case 1 -> names.getFirst();
      case 2 -> names.getFirst() + "/*";
      case 3 -> names.getFirst() + "/*/" + names.getLast();
      case 4 -> names.getFirst() + "/*/" + names.get(2) + "/*";
      default -> "";
    };
  }

  /** The name in the path. */
  String name() {
    return names.get(1);
  }

  /** The name in the path, if it is a valid name of a room. */
  String room() throws ProblemException {
    return RoomUrl.valid(name());
  }

  /** Whether the call says something in rooms, and changes nothing else. */
  boolean isSay() {
    return method.equals("POST")
        && (shape().equals("publish") || shape().equals("rooms/*/messages"));
  }

  /**
   * A text that this call and its repeats share, on whichever server of the cluster they arrive;
   * null for a call without an idempotency key.
   */
  @Nullable String repeats() {
    return key == null
        ? null
        : by.name() + " " + key + " " + HexFormat.of().formatHex(digest, 0, Long.BYTES) + "#";
  }

  // --- the query -------------------------------------------------------------------------------

  @Nullable String param(String name) throws ProblemException {
    return query.param(name);
  }

  /** The name after which the page begins; empty for the first page. */
  String after() throws ProblemException {
    String after = param("after");
    return after == null ? "" : after;
  }

  int limit() throws ProblemException {
    return query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
  }

  // --- the body --------------------------------------------------------------------------------

  /** Refuses a body with other fields, so that a misspelt field is not ignored. */
  void only(String... fields) throws ProblemException {
    Set<String> known = Set.of(fields);
    for (String field : body.keySet()) {
      if (!known.contains(field)) {
        throw ProblemException.badRequest(
            "'" + field + "' means nothing here; there is " + String.join(", ", fields));
      }
    }
  }

  @Nullable String text(String field) throws ProblemException {
    return switch (body.get(field)) {
      case null -> null;
      case Json.Text(String text) -> text;
      default -> throw ProblemException.badRequest(field + " is a text");
    };
  }

  String reason() throws ProblemException {
    String reason = text("reason");
    return reason == null ? "" : reason;
  }

  @Nullable String roomIfAny() throws ProblemException {
    String room = text("room");
    return room == null ? null : RoomUrl.valid(room);
  }

  /** How long a measure is to last. */
  Duration time() throws ProblemException {
    return seconds("seconds");
  }

  /** A number of seconds, which has to be there. */
  Duration seconds(String field) throws ProblemException {
    if (body.get(field) instanceof Json.Num(String number) && SECONDS.matcher(number).matches()) {
      return Duration.ofSeconds(Long.parseLong(number));
    }
    throw ProblemException.badRequest(
        field
            + " is a whole number, 0 or more"
            + (body.containsKey(field) ? "" : ", and required"));
  }

  Target target() throws ProblemException {
    try {
      return Target.of(body.getOrDefault("target", new Json.Null()));
    } catch (IllegalArgumentException e) {
      throw ProblemException.badRequest(String.valueOf(e.getMessage()));
    }
  }
}
