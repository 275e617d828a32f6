package io.earshot.netty.room;

import io.earshot.engine.HttpRequests;
import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.Site;
import io.earshot.netty.identity.BearerToken;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.RoomName;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.Start;
import io.earshot.token.SignedToken;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The URL of a room, {@code /rooms/ROOM}, of its messages, {@code /rooms/ROOM/messages}, or of its
 * signals, {@code /rooms/ROOM/signals}. The name may also be a query parameter: {@code
 * /rooms?room=ROOM}, {@code /messages?room=ROOM}, {@code /signals?room=ROOM}.
 *
 * <p>Immutable.
 *
 * @param room the room's name, a valid one
 * @param part what of the room the URL names
 * @param query the decoded URL
 */
public record RoomUrl(String room, Part part, Query query) {
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;

  /** What a URL names. */
  enum Part {
    ROOM,
    MESSAGES,
    SIGNALS
  }

  /**
   * Whether a path belongs to rooms, right or wrong.
   *
   * @param path the path, not decoded, without the query
   */
  public static boolean matches(String path) {
    return path.startsWith(Site.ROOMS_PATH) || namesByQuery(path);
  }

  private static boolean namesByQuery(String path) {
    return path.equals(Site.ANY_ROOMS_PATH)
        || path.equals(Site.ANY_MESSAGES_PATH)
        || path.equals(Site.ANY_SIGNALS_PATH);
  }

  /**
   * Reads a URL.
   *
   * @param uri path and query, not decoded; {@link #matches} is true of it
   */
  public static RoomUrl of(String uri) throws ProblemException {
    Query query;
    String room;
    String[] names;
    try {
      query = Query.of(uri);
      if (namesByQuery(query.rawPath())) {
        return ofQuery(query);
      }
      names = query.rawPath().substring(Site.ROOMS_PATH.length()).split("/", -1);
      room = Query.segment(names[0]);
    } catch (MalformedRequestException e) {
      throw ProblemException.of(e);
    }
    Part part = part(names);
    if (room.isEmpty() || part == null) {
      throw new ProblemException(
          HttpResponseStatus.NOT_FOUND,
          "there are /rooms/ROOM, /rooms/ROOM/messages and /rooms/ROOM/signals; a / in a room's"
              + " name is written %2F");
    }
    return new RoomUrl(valid(room), part, query);
  }

  /**
   * The messages of a room, by a URL that names the room in its own way.
   *
   * @param room a valid name
   * @param query the query, with the parameters that the URLs of messages have
   */
  public static RoomUrl ofMessages(String room, Query query) {
    return new RoomUrl(room, Part.MESSAGES, query);
  }

  private static @Nullable Part part(String[] names) {
    return switch (names.length) {
      case 1 -> Part.ROOM;
      case 2 ->
          switch (names[1]) {
            case "messages" -> Part.MESSAGES;
            case "signals" -> Part.SIGNALS;
            default -> null;
          };
      default -> null;
    };
  }

  private static RoomUrl ofQuery(Query query) throws ProblemException {
    String path = query.rawPath();
    String room = query.param("room");
    if (room == null) {
      throw ProblemException.badRequest("a room is required, as in " + path + "?room=ROOM");
    }
    Part part =
        switch (path) {
          case Site.ANY_MESSAGES_PATH -> Part.MESSAGES;
          case Site.ANY_SIGNALS_PATH -> Part.SIGNALS;
          default -> Part.ROOM;
        };
    return new RoomUrl(valid(room), part, query);
  }

  /** Returns a room's name if it is valid. */
  public static String valid(String room) throws ProblemException {
    if (!RoomName.isValid(room)) {
      throw ProblemException.badRequest(
          "room names have 1 to " + RoomName.MAX_LENGTH + " characters and no control characters");
    }
    return room;
  }

  /** The request of a client that wants to join the room. */
  public JoinRequest join(HttpHeaders headers) throws ProblemException {
    return new JoinRequest(room, start(after()), token(headers));
  }

  /**
   * The client's token: from the header, or from the query, since pages cannot send the header with
   * every kind of request.
   */
  @Nullable String token(HttpHeaders headers) throws ProblemException {
    return token(headers, query);
  }

  /** The same for any URL. A login is no token for a room, and both may be sent. */
  static @Nullable String token(HttpHeaders headers, Query query) throws ProblemException {
    String token = unlessLogin(BearerToken.of(headers));
    return token == null ? unlessLogin(query.param("token")) : token;
  }

  private static @Nullable String unlessLogin(@Nullable String token) {
    return token == null || SignedToken.kind(token) == SignedToken.Kind.LOGIN ? null : token;
  }

  /** The page of the room's members that the client asks for; null for all members. */
  RoomStatus.@Nullable Page page() throws ProblemException {
    try {
      return RoomStatus.Page.parse(
          query.param("limit"), query.param("after"), query.param("usersAfter"));
    } catch (IllegalArgumentException e) {
      throw ProblemException.badRequest(String.valueOf(e.getMessage()));
    }
  }

  @Nullable Cursor after() throws ProblemException {
    String after = query.param("after");
    return after == null ? null : cursor(after, "after");
  }

  /**
   * Reads the messages that the query asks for.
   *
   * @param wait how many milliseconds to wait for a message if there is none; 0 for messages before
   *     a position
   */
  public CompletableFuture<Excerpt> read(HttpRequests http, int wait) throws ProblemException {
    String before = query.param("before");
    if (before != null) {
      return http.readBefore(room, before(before), pageLimit(DEFAULT_LIMIT));
    }
    int limit = query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    return http.read(new ExcerptRequest(room, start(after()), limit), wait);
  }

  /**
   * The cursor before which the messages are that the client asks for.
   *
   * @param before the parameter; empty for the newest messages
   */
  @Nullable Cursor before(String before) throws ProblemException {
    if (query.param("after") != null || query.param("history") != null) {
      throw ProblemException.badRequest("before does not go with after or history");
    }
    return before.isEmpty() ? null : cursor(before, "before");
  }

  /** How many messages the client asks for before a cursor. */
  int pageLimit(int otherwise) throws ProblemException {
    String limit = query.param("limit");
    int count = limit == null ? otherwise : Start.count(limit, 1);
    if (count < 0) {
      throw ProblemException.badRequest("limit must be a number from 1 to " + Start.MAX_HISTORY);
    }
    return count;
  }

  /** The start after a cursor, with as many earlier messages as the client asks for. */
  Start start(@Nullable Cursor after) throws ProblemException {
    return new Start(after, history(query));
  }

  /** How many earlier messages the client asks for. */
  static int history(Query query) throws ProblemException {
    String history = query.param("history");
    return history == null ? 0 : history(history);
  }

  static int history(String text) throws ProblemException {
    int count = Start.count(text, 0);
    if (count < 0) {
      throw ProblemException.badRequest(Start.INVALID_HISTORY);
    }
    return count;
  }

  static Cursor cursor(String text, String name) throws ProblemException {
    Cursor cursor = Cursor.parse(text);
    if (cursor == null) {
      throw ProblemException.badRequest(
          name + " must be epoch:offset, as messages and answers have them");
    }
    return cursor;
  }
}
