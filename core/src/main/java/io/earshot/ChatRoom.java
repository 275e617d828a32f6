package io.earshot;

import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Speaking in rooms, and asking who is in them. The two methods keep the names that the chat
 * documentation of actionHero gives them.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface ChatRoom {
  /**
   * Tells a message to a room.
   *
   * <ul>
   *   <li>From a {@link Connection}: to its room, under its id, not to itself, and to those only
   *       whom its params {@code roomMatchKey} and {@code roomMatchValue} aim at.
   *   <li>From an {@link Aimed} connection: the same, but to those whom that says.
   *   <li>From null: to everybody in the default room, under the server's name.
   *   <li>From a {@link StandIn}: as that says.
   * </ul>
   *
   * @param sender whom it is from, or null for the server itself
   * @param message a text, or what JSON can say: numbers, truth values, lists, maps, {@link Json}
   * @return completed when the message has its place in the room's order
   * @throws IllegalArgumentException if the message is null or no JSON, or the stand-in's room is
   *     no room's name
   */
  CompletionStage<Void> socketRoomBroadcast(@Nullable Sender sender, @Nullable Object message);

  /**
   * Asks who is in a room.
   *
   * @param room the room's name
   * @return the room's members, none if nobody is in it; failed with an {@link
   *     IllegalArgumentException} if that is no room's name
   */
  CompletionStage<RoomStatus> socketRoomStatus(@Nullable String room);

  /**
   * The rooms that somebody on this server is in or listens to, a page at a time.
   *
   * @param after the name that they come after, such as the last of the page before; or null
   * @param limit at most so many
   * @return the first of them by name; no one moment's
   */
  CompletionStage<List<RoomCount>> rooms(@Nullable String after, int limit);

  /**
   * Makes a private room: a name that nobody guesses, where nobody comes without a token.
   *
   * <pre>{@code
   * PrivateRoom room = api.chatRoom().createPrivateRoom();
   * String forAda = room.token("ada", Duration.ofHours(1));
   * }</pre>
   *
   * @return the room, which makes the tokens
   */
  PrivateRoom createPrivateRoom();

  /**
   * The private room of a name, for more tokens.
   *
   * @param name the room's name; one that does not begin with {@code private.} asks for tokens only
   *     where a rule says so
   * @return the room
   * @throws IllegalArgumentException if that is no room's name
   */
  PrivateRoom privateRoom(String name);
}
