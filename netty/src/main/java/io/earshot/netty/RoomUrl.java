package io.earshot.netty;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.RoomName;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The URL of a room, {@code /rooms/ROOM}, or of what it told, {@code /rooms/ROOM/messages}.
 *
 * <p>Immutable.
 *
 * @param room the room's name, a valid one
 * @param isMessages whether it is about what the room told
 * @param query what follows the path
 */
record RoomUrl(String room, boolean isMessages, Map<String, List<String>> query) {
  private static final String ROOMS = "/rooms/";
  private static final String BEARER = "Bearer ";
  private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

  /** Whether a path is one of these, or would be if it were right. */
  static boolean isOne(String path) {
    return path.startsWith(ROOMS);
  }

  /**
   * Reads a URL.
   *
   * @param uri path and query, not decoded; {@link #isOne} is true of it
   */
  static RoomUrl of(String uri) throws ProblemException {
    QueryStringDecoder parts;
    String room;
    String[] names;
    try {
      parts = WebRequest.decoded(uri, true);
      names = parts.rawPath().substring(ROOMS.length()).split("/", -1);
      room = WebRequest.decoded(names[0], true).path();
    } catch (WebRequest.MalformedException e) {
      throw ProblemException.badRequest(String.valueOf(e.getMessage()));
    }
    boolean isMessages = names.length == 2 && names[1].equals("messages");
    if (room.isEmpty() || (names.length > 1 && !isMessages)) {
      throw new ProblemException(
          HttpResponseStatus.NOT_FOUND,
          "there are /rooms/ROOM and /rooms/ROOM/messages; a / in a room's name is written %2F");
    }
    if (!RoomName.isValid(room)) {
      throw ProblemException.badRequest(
          "room names have 1 to " + RoomName.MAX_LENGTH + " characters and no control characters");
    }
    return new RoomUrl(room, isMessages, parts.parameters());
  }

  /** Somebody who wants to be in the room, and what they know of it by the query. */
  Visit visit(HttpHeaders headers) throws ProblemException {
    return new Visit(room, after(), token(headers));
  }

  /**
   * What somebody shows, in a header or, since pages cannot send those everywhere, in the query.
   */
  @Nullable String token(HttpHeaders headers) throws ProblemException {
    String header = headers.get(HttpHeaderNames.AUTHORIZATION);
    return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())
        ? header.substring(BEARER.length()).strip()
        : param("token");
  }

  @Nullable Cursor after() throws ProblemException {
    String after = param("after");
    return after == null ? null : cursor(after, "after");
  }

  static Cursor cursor(String text, String name) throws ProblemException {
    Cursor cursor = Cursor.parse(text);
    if (cursor == null) {
      throw ProblemException.badRequest(
          name + " must be epoch:offset, as messages and answers have them");
    }
    return cursor;
  }

  /** A number of the query, no larger than the most. */
  int number(String name, int otherwise, int least, int most) throws ProblemException {
    return number(query, name, otherwise, least, most);
  }

  static int number(
      Map<String, List<String>> query, String name, int otherwise, int least, int most)
      throws ProblemException {
    String text = param(query, name);
    if (text == null) {
      return otherwise;
    }
    int number = NUMBER.matcher(text).matches() ? Integer.parseInt(text) : -1;
    if (number < least) {
      throw ProblemException.badRequest(name + " must be a number, " + least + " or more");
    }
    return Math.min(number, most);
  }

  private @Nullable String param(String name) throws ProblemException {
    return param(query, name);
  }

  /** What stands in a query, once at most. */
  static @Nullable String param(Map<String, List<String>> query, String name)
      throws ProblemException {
    List<String> values = query.getOrDefault(name, List.of());
    if (values.size() > 1) {
      throw ProblemException.badRequest(name + " is to be given once");
    }
    return values.isEmpty() ? null : values.getFirst();
  }
}
