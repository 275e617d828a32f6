package io.earshot.netty;

import io.earshot.Target;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomName;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What somebody asks of the admin API.
 *
 * <p>Immutable.
 *
 * @param method the method; GET for HEAD
 * @param names what follows {@code /admin/} in the path, decoded
 * @param query what follows the path
 * @param body the fields of the body; none without one
 * @param key what makes a POST the same when it comes again, or null
 * @param digest of all that is asked
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record AdminCall(
    String method,
    List<String> names,
    Map<String, List<String>> query,
    Map<String, Json> body,
    @Nullable String key,
    byte[] digest) {
  private static final int LONGEST_KEY = 256;
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;
  private static final Pattern SECONDS = Pattern.compile("\\d{1,9}");

  /** Reads a request. */
  static AdminCall of(FullHttpRequest request) throws ProblemException {
    var names = new ArrayList<String>();
    QueryStringDecoder uri;
    try {
      uri = WebRequest.decoded(request.uri(), true);
      for (String name : uri.rawPath().substring(Admin.PATH.length()).split("/", -1)) {
        names.add(WebRequest.decoded(name, true).path());
      }
    } catch (WebRequest.MalformedException e) {
      throw ProblemException.badRequest(String.valueOf(e.getMessage()));
    }
    HttpMethod method =
        request.method().equals(HttpMethod.HEAD) ? HttpMethod.GET : request.method();
    String key = request.headers().get("idempotency-key");
    if (key != null && (key.isEmpty() || key.length() > LONGEST_KEY)) {
      throw ProblemException.badRequest(
          "an Idempotency-Key has 1 to " + LONGEST_KEY + " characters");
    }
    String text =
        Framing.text(
            request.content(), request.content().readerIndex(), request.content().readableBytes());
    if (text == null) {
      throw ProblemException.badRequest("the body is not UTF-8");
    }
    return new AdminCall(
        method.name(),
        List.copyOf(names),
        uri.parameters(),
        body(request, text),
        method.equals(HttpMethod.POST) ? key : null,
        AdminKeys.digest(method + " " + request.uri() + "\n" + text));
  }

  private static Map<String, Json> body(FullHttpRequest request, String text)
      throws ProblemException {
    if (text.isEmpty()) {
      return Map.of();
    }
    String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    if (!type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals("application/json")) {
      throw new ProblemException(
          HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE, "a body is application/json");
    }
    return PostedSay.json(text);
  }

  /** What kind of thing it is about: {@code rooms/*} for one of the rooms. */
  String shape() {
    return switch (names.size()) {
      case 1 -> names.getFirst();
      case 2 -> names.getFirst() + "/*";
      case 3 -> names.getFirst() + "/*/" + names.getLast();
      default -> "";
    };
  }

  /** Which of the things it is about. */
  String name() {
    return names.get(1);
  }

  String room() throws ProblemException {
    return room(name());
  }

  private static String room(String room) throws ProblemException {
    if (!RoomName.isValid(room)) {
      throw ProblemException.badRequest(
          "room names have 1 to " + RoomName.MAX_LENGTH + " characters and no control characters");
    }
    return room;
  }

  // --- the query -------------------------------------------------------------------------------

  @Nullable String param(String name) throws ProblemException {
    return RoomUrl.param(query, name);
  }

  /** After what the page begins; empty for the first. */
  String after() throws ProblemException {
    String after = param("after");
    return after == null ? "" : after;
  }

  int limit() throws ProblemException {
    return RoomUrl.number(query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
  }

  // --- the body --------------------------------------------------------------------------------

  /** Refuses what means nothing, so that a slip of the pen is found out. */
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
    return room == null ? null : room(room);
  }

  /** How long, by the body. */
  Duration time() throws ProblemException {
    if (body.get("seconds") instanceof Json.Num(String number)
        && SECONDS.matcher(number).matches()) {
      return Duration.ofSeconds(Long.parseLong(number));
    }
    throw ProblemException.badRequest("seconds is a whole number, and required");
  }

  Target target() throws ProblemException {
    try {
      return Target.of(body.getOrDefault("target", new Json.Null()));
    } catch (IllegalArgumentException e) {
      throw ProblemException.badRequest(String.valueOf(e.getMessage()));
    }
  }
}
