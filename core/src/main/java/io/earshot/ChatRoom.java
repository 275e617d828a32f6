package io.earshot;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.Signal;
import io.earshot.protocol.Start;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Messages to rooms, and the members of rooms. {@link #socketRoomBroadcast} and {@link
 * #socketRoomStatus} have the names and the behaviour of actionHero's chat documentation.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface ChatRoom {
  /**
   * Sends a message to a room. The sender decides on the room, the {@code from} of the message, and
   * the recipients:
   *
   * <ul>
   *   <li>A {@link Connection}: its room; its id; all other members and listeners, or those that
   *       its params {@code roomMatchKey} and {@code roomMatchValue} select.
   *   <li>An {@link Aimed} connection: the same, but for the recipients, which its audience
   *       selects.
   *   <li>null: the default room; the setting {@code general.serverName}; all members and
   *       listeners.
   *   <li>A {@link StandIn}: its room, id and audience.
   * </ul>
   *
   * <p>A room without members remembers the message like the message of a client.
   *
   * <p>Hooks, room rules and measures do not apply to messages of programs.
   *
   * @param sender the sender, or null for the server itself
   * @param message a text, or another value that JSON can express: a number, boolean, list, map or
   *     {@link Json}
   * @return completed on any thread, when the message has its place in the room's order; failed if
   *     the connection is gone or the message cannot be published
   * @throws IllegalArgumentException if the message is null or cannot be expressed in JSON, if the
   *     stand-in's room is not a valid name, or if the connection is not one of this server
   */
  CompletionStage<Void> socketRoomBroadcast(@Nullable Sender sender, @Nullable Object message);

  /**
   * Sends a message to a room, and tells its place in the room's order. Hooks, room rules and
   * measures do not apply to it.
   *
   * @param publication the message, with its room and its sender
   * @return the place of the message; of a repeat, the place of the first. Completed on any thread;
   *     failed if the message cannot be published
   * @throws IllegalArgumentException if the room is not a valid name, or the message is nested too
   *     deeply
   */
  CompletionStage<Cursor> publish(Publication publication);

  /**
   * Sends a signal to a room: a message that is not kept and may be lost, such as "is typing". A
   * newer signal of the same sender and kind replaces an older one. The sender decides on the room
   * and the {@code from}, as for {@link #socketRoomBroadcast}; all other members and listeners
   * receive it.
   *
   * @param sender the sender, or null for the server itself; without an audience
   * @param signal the content: a text, or another value that JSON can express
   * @param kind what the signal is about, or null
   * @throws IllegalArgumentException if the content is null, longer than {@link Signal#LONGEST} or
   *     cannot be expressed in JSON, if the kind is longer than {@link Signal#LONGEST_KIND}, if the
   *     sender has an audience, if the stand-in's room is not a valid name, or if the connection is
   *     not one of this server
   */
  void signal(@Nullable Sender sender, @Nullable Object signal, @Nullable String kind);

  /**
   * The members of a room, on all servers of the cluster.
   *
   * @param room the room's name
   * @return the members in the order of joining, without listeners; none if the room is empty.
   *     Failed with an {@link IllegalArgumentException} if the name is not valid. Completed on any
   *     thread
   */
  CompletionStage<RoomStatus> socketRoomStatus(@Nullable String room);

  /**
   * A page of the members of a room, on all servers of the cluster. Reading a large room page by
   * page keeps each answer short.
   *
   * @param room the room's name
   * @param page the part of the list; for the page after it, {@link RoomStatus#next} is its {@code
   *     after}
   * @return the members in the order of their ids, without listeners. Failed with an {@link
   *     IllegalArgumentException} if the name is not valid. Completed on any thread
   */
  CompletionStage<RoomStatus> socketRoomStatus(@Nullable String room, RoomStatus.Page page);

  /**
   * Earlier messages of a room that were for all. Announcements of joins and leaves, and messages
   * for some members, are left out.
   *
   * @param room the room's name
   * @param before the position before which the messages are, such as that of the first message of
   *     the page before; null for the newest messages
   * @param limit the largest number of messages, from 1 to {@link Start#MAX_HISTORY}
   * @return the messages, and whether there are {@link Excerpt#more}. Failed with an {@link
   *     IllegalArgumentException} if the name or the limit is not valid. Completed on any thread
   */
  CompletionStage<Excerpt> history(String room, @Nullable Cursor before, int limit);

  /**
   * The rooms with members or listeners on this server, one page at a time.
   *
   * @param after the name after which the page begins, such as the last of the page before; or null
   * @param limit the largest number of rooms
   * @return the first rooms by name. The rooms of different loops are counted at slightly different
   *     moments. Completed on any thread
   */
  CompletionStage<List<RoomCount>> rooms(@Nullable String after, int limit);

  /**
   * Creates a private room: a room with an unguessable name that requires a token.
   *
   * <pre>{@code
   * PrivateRoom room = api.chatRoom().createPrivateRoom();
   * String forAda = room.token("ada", Duration.ofHours(1));
   * }</pre>
   *
   * @return the room, which makes its tokens
   */
  PrivateRoom createPrivateRoom();

  /**
   * The private room with a given name, to make further tokens.
   *
   * @param name the room's name. A room whose name does not begin with {@code private.} requires
   *     tokens only if a rule says so
   * @return the room
   * @throws IllegalArgumentException if the name is not valid, or contains {@code *}
   */
  PrivateRoom privateRoom(String name);
}
