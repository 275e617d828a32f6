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
 * What {@link ChatRoom} says, done.
 */
final class RoomsApi implements ChatRoom {
  private final Earshot earshot;

  RoomsApi(Earshot earshot) {
    this.earshot = earshot;
  }

  @Override
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

  @Override
  public CompletionStage<RoomStatus> socketRoomStatus(@Nullable String room) {
    try {
      return earshot.rooms().status(valid(room));
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  @Override
  public CompletionStage<List<RoomCount>> rooms(@Nullable String after, int limit) {
    return earshot.rooms().page(after == null ? "" : after, limit);
  }

  @Override
  public PrivateRoom createPrivateRoom() {
    return new PrivateRoom(earshot, RoomRule.PRIVATE + earshot.randomName());
  }

  @Override
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
