package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomMessage;
import io.earshot.protocol.RoomName;
import io.earshot.protocol.RoomStatus;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Speaking in rooms, and asking who is in them. The two methods keep the names that the chat
 * documentation of actionHero gives them.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public final class ChatRoom {
  private final Earshot earshot;

  ChatRoom(Earshot earshot) {
    this.earshot = earshot;
  }

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
  public CompletionStage<Void> socketRoomBroadcast(
      @Nullable Sender sender, @Nullable Object message) {
    Json json = sayable(message);
    Config.General general = earshot.config().general();
    var told = new CompletableFuture<Void>();
    switch (sender) {
      case null -> tell(new StandIn(null, Json.of(general.serverName()), null), json, told);
      case StandIn standIn -> tell(standIn, json, told);
      case Participant connection -> tell(connection, json, null, told);
      case Aimed(Participant connection, Audience audience) ->
          tell(connection, json, audience, told);
    }
    return told;
  }

  /**
   * What server code wants to be told, as JSON.
   *
   * @throws IllegalArgumentException if it cannot be said; here, rather than on the room's loop
   */
  static Json sayable(@Nullable Object message) {
    if (message == null) {
      throw new IllegalArgumentException(
          "a message is required; for JSON's null give new Json.Null()");
    }
    Json json = Json.from(message);
    new RoomMessage(json, "", json, 0, new Cursor("", 0)).encode();
    return json;
  }

  private static void tell(
      Participant sender, Json message, @Nullable Audience audience, CompletableFuture<Void> told) {
    sender.tell(
        () -> {
          if (sender.isGone()) {
            told.completeExceptionally(new IllegalStateException(sender + " is gone"));
          } else {
            sender.broadcast(message, audience, spoken -> tell(spoken, told));
          }
        });
  }

  static void tell(Room.Spoken spoken, CompletableFuture<Void> told) {
    if (spoken.refusal() == null) {
      told.complete(null);
    } else {
      told.completeExceptionally(new RefusedException(spoken.refusal()));
    }
  }

  private void tell(StandIn sender, Json message, CompletableFuture<Void> told) {
    String name =
        sender.room() == null ? earshot.config().general().defaultChatRoom() : valid(sender.room());
    Shard there = earshot.rooms().shard(name);
    there.tell(
        () -> {
          // With a cluster there may be a room of this name elsewhere.
          Room room = earshot.cluster() == null ? there.roomIfAny(name) : there.room(name);
          if (room == null) {
            told.complete(null);
          } else {
            var saying = new Room.Saying(message, sender.audience(), "", null, message, false);
            room.sayAsStranger(sender.id(), saying, true, spoken -> tell(spoken, told));
            room.closeIfEmpty();
          }
        });
  }

  /**
   * Asks who is in a room.
   *
   * @param room the room's name
   * @return the room's members, none if nobody is in it; failed with an {@link
   *     IllegalArgumentException} if that is no room's name
   */
  public CompletionStage<RoomStatus> socketRoomStatus(@Nullable String room) {
    try {
      return earshot.rooms().status(valid(room));
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  /**
   * The rooms that somebody on this server is in or listens to, a page at a time.
   *
   * @param after the name that they come after, such as the last of the page before; or null
   * @param limit at most so many
   * @return the first of them by name; no one moment's
   */
  public CompletionStage<List<RoomCount>> rooms(@Nullable String after, int limit) {
    return earshot.rooms().page(after == null ? "" : after, limit);
  }

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
  public PrivateRoom createPrivateRoom() {
    return new PrivateRoom(earshot, RoomRule.PRIVATE + earshot.randomName());
  }

  /**
   * The private room of a name, for more tokens.
   *
   * @param name the room's name; one that does not begin with {@code private.} asks for tokens only
   *     where a rule says so
   * @return the room
   * @throws IllegalArgumentException if that is no room's name
   */
  public PrivateRoom privateRoom(String name) {
    if (valid(name).indexOf('*') >= 0) {
      throw new IllegalArgumentException("a token for a name with * is one for many rooms");
    }
    return new PrivateRoom(earshot, name);
  }

  private static String valid(@Nullable String room) {
    if (room == null || !RoomName.isValid(room)) {
      throw new IllegalArgumentException(
          "a room is required: 1 to " + RoomName.MAX_LENGTH + " characters, no control characters");
    }
    return room;
  }
}
