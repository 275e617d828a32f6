package io.earshot.netty.room;

import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.Site;
import io.earshot.netty.identity.BearerToken;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.RoomName;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import org.jspecify.annotations.Nullable;

/**
 * The URL of a room, {@code /rooms/ROOM}, or of its messages, {@code /rooms/ROOM/messages}.
 *
 * <p>Immutable.
 *
 * @param room the room's name, a valid one
 * @param isMessages whether the URL is that of the room's messages
 * @param query the decoded URL
 */
public record RoomUrl(String room, boolean isMessages, Query query) {

  /** Whether a path belongs to rooms, right or wrong. */
  public static boolean matches(String path) {
    return path.startsWith(Site.ROOMS_PATH);
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
      names = query.rawPath().substring(Site.ROOMS_PATH.length()).split("/", -1);
      room = Query.segment(names[0]);
    } catch (MalformedRequestException e) {
      throw ProblemException.of(e);
    }
    boolean isMessages = names.length == 2 && names[1].equals("messages");
    if (room.isEmpty() || (names.length > 1 && !isMessages)) {
      throw new ProblemException(
          HttpResponseStatus.NOT_FOUND,
          "there are /rooms/ROOM and /rooms/ROOM/messages; a / in a room's name is written %2F");
    }
    return new RoomUrl(valid(room), isMessages, query);
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
    return new JoinRequest(room, after(), token(headers));
  }

  /**
   * The client's token: from the header, or from the query, since pages cannot send the header with
   * every kind of request.
   */
  @Nullable String token(HttpHeaders headers) throws ProblemException {
    String token = BearerToken.of(headers);
    return token == null ? query.param("token") : token;
  }

  @Nullable Cursor after() throws ProblemException {
    String after = query.param("after");
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
}
