package io.earshot;

import io.earshot.protocol.Json;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Something that has happened on a server, as a {@link Feed} tells it.
 *
 * <p>Immutable.
 *
 * @param id the same text each time that this event is told, and no other event's
 * @param type what has happened
 * @param room the room in which it has happened; null for an event of a client or a user alone
 * @param at when it happened, in milliseconds since 1970
 * @param data what is known of it. Of a message: the fields that its recipients get, with {@code
 *     epoch} and {@code offset}, and {@code audience} with a {@code key} and a {@code value} if it
 *     was not for all. Of other events: {@code server}, the server on which it happened, and if
 *     there are such, {@code client}, the id of the connection, its {@code transport}, its {@code
 *     user}, the {@code room}, the {@code reason} of an end, the {@code action} and its {@code
 *     error}
 */
public record FeedEvent(String id, Type type, @Nullable String room, long at, Json.Obj data) {

  /** The kinds of events. */
  public enum Type {
    /** A client has connected: it is admitted, and is about to receive the welcome. */
    CONNECTED,
    /**
     * A client has ended its connection, or has not returned in time to resume it. A client that
     * resumes a session goes on under the id of the session, and its own id is disconnected.
     */
    DISCONNECTED,
    /** A client has joined a room; told where the hook {@link Hooks#onJoined} is. */
    JOINED,
    /** A client has left a room; told where the hook {@link Hooks#onLeave} is. */
    LEFT,
    /**
     * A user has come online on a server, with the first of its connections there. In a cluster the
     * user may be online on other servers, too.
     */
    USER_PRESENT,
    /** A user has gone offline on a server, with the last of its connections there. */
    USER_ABSENT,
    /** A room has got its first member or listener on a server. */
    ROOM_OPENED,
    /** A room has ended on a server: it has no member or listener there. */
    ROOM_CLOSED,
    /**
     * A message has got its place in a room. Announcements of joins and leaves are none, and
     * signals have no place.
     */
    MESSAGE,
    /** An action has failed, or has taken too long. */
    ACTION_FAILED;

    /** Such as {@code user.present}: the name in settings and requests. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '.');
    }
  }
}
