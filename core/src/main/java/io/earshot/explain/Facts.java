package io.earshot.explain;

import io.earshot.events.Event;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.User;
import io.earshot.room.Member;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one server knows that bears on a question. Times are those of the clock of durations.
 *
 * <p>Immutable.
 *
 * @param end the end of the room's order here; null if the room is not open
 * @param messages the messages that are asked for
 * @param clients the connections of the user, or the one that is asked for
 * @param count how many connections the user has, which may be more than are listed
 * @param events what happened to them in the room, in the order in which it happened
 * @param eventsSince since when all events of all connections of the user are known
 * @param messagesSince since when messages are remembered
 */
record Facts(
    @Nullable Cursor end,
    List<Message> messages,
    List<Client> clients,
    int count,
    List<Event> events,
    long eventsSince,
    long messagesSince) {

  /**
   * A message that is remembered.
   *
   * @param sender the hash of the id of the connection that sent it; 0 for none here
   * @param speaker the id of the connection that sent it, or null
   * @param isAnnouncement whether it is known that the message announces a join or leave of its
   *     sender
   */
  record Message(
      Cursor place,
      long at,
      int sender,
      @Nullable String speaker,
      @Nullable Audience audience,
      boolean isAnnouncement) {}

  /**
   * A connection.
   *
   * @param isHere whether the server has it now
   * @param hasQueue whether messages wait in a queue until the client fetches them by HTTP
   * @param pending how many bytes wait for the client to read them
   * @param state its membership in the room; null for none
   * @param lagsFrom the first message that was left out for it and not yet announced, or null
   */
  record Client(
      String id,
      @Nullable User user,
      boolean isHere,
      boolean hasQueue,
      int pending,
      Map<String, String> attributes,
      Member.@Nullable State state,
      @Nullable Cursor lagsFrom) {

    /** A connection that has ended, of which events tell. */
    static Client gone(String id) {
      return new Client(id, null, false, false, 0, Map.of(), null, null);
    }
  }
}
