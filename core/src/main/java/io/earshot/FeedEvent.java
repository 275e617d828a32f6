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
 * @param data what is known of it, such as the id of the client, its user, and of a message the
 *     fields that its recipients get, with {@code epoch} and {@code offset}
 */
public record FeedEvent(String id, Type type, @Nullable String room, long at, Json.Obj data) {

  /** The kinds of events. */
  public enum Type {
    /** A client has connected. */
    CONNECTED,
    /** A client has ended its connection, or has not returned in time to resume it. */
    DISCONNECTED,
    /** A client has joined a room. */
    JOINED,
    /** A client has left a room. */
    LEFT,
    /** A user has come online, with the first of its connections to this cluster. */
    USER_PRESENT,
    /** A user has gone offline, with the last of its connections. */
    USER_ABSENT,
    /** A room has got its first member or listener on a server. */
    ROOM_OPENED,
    /** A room has ended on a server: it has no member or listener there. */
    ROOM_CLOSED,
    /** A message has got its place in a room. Announcements of joins and leaves are none. */
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
