package io.earshot.engine;

import io.earshot.Aimed;
import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.PrivateRoom;
import io.earshot.Publication;
import io.earshot.RoomCount;
import io.earshot.Sender;
import io.earshot.StandIn;
import io.earshot.access.TokenPrivateRoom;
import io.earshot.access.Tokens;
import io.earshot.config.RoomRule;
import io.earshot.connection.Participant;
import io.earshot.hook.HookRegistry;
import io.earshot.monitor.RoomScan;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomName;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.Signal;
import io.earshot.protocol.Start;
import io.earshot.room.Room;
import io.earshot.room.RoomOrder;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import io.earshot.web.RoomReaders;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The {@link ChatRoom} of a server: passes messages and questions of programs to the event loops.
 *
 * <p>Immutable; what it refers to is thread-safe.
 */
final class RoomsApi implements ChatRoom {
  /** The sender to which the keys of publications belong: no client's id has a blank. */
  private static final String PUBLISHERS = "server code";

  private final Config.General general;
  private final Rooms rooms;
  private final RoomScan scan;
  private final RoomReaders readers;
  private final Tokens tokens;
  private final InstantSource clock;
  private final Supplier<String> names;

  /**
   * The rooms of a server.
   *
   * @param names the source of the names of private rooms
   */
  RoomsApi(
      Config.General general,
      Rooms rooms,
      RoomScan scan,
      RoomReaders readers,
      Tokens tokens,
      InstantSource clock,
      Supplier<String> names) {
    this.general = general;
    this.rooms = rooms;
    this.scan = scan;
    this.readers = readers;
    this.tokens = tokens;
    this.clock = clock;
    this.names = names;
  }

  @Override
  public CompletionStage<Void> socketRoomBroadcast(
      @Nullable Sender sender, @Nullable Object message) {
    Json json = HookRegistry.sayable(message);
    var told = new CompletableFuture<Void>();
    switch (sender) {
      case null -> tell(new StandIn(null, Json.of(general.serverName()), null), json, told);
      case StandIn standIn -> tell(standIn, json, told);
      case Connection connection -> tell(connection, json, null, told);
      case Aimed(Connection connection, Audience audience) ->
          tell(connection, json, audience, told);
    }
    return told;
  }

  private static void tell(
      Connection from, Json message, @Nullable Audience audience, CompletableFuture<Void> told) {
    if (!(from instanceof Participant sender)) {
      throw new IllegalArgumentException("not a connection of this server");
    }
    sender.tell(
        () -> {
          if (sender.isGone()) {
            told.completeExceptionally(new IllegalStateException(sender + " is gone"));
          } else {
            sender.broadcast(message, audience, spoken -> spoken.tell(told));
          }
        });
  }

  private void tell(StandIn sender, Json message, CompletableFuture<Void> told) {
    String name = sender.room() == null ? general.defaultChatRoom() : valid(sender.room());
    Shard there = rooms.shard(name);
    there.tell(
        () -> {
          Room room = there.room(name);
          var saying =
              new RoomOrder.SayRequest(message, null, sender.audience(), "", null, message, false);
          room.sayAs(sender.id(), saying, spoken -> spoken.tell(told));
          room.closeIfEmpty();
        });
  }

  @Override
  public CompletionStage<Cursor> publish(Publication publication) {
    String name = valid(publication.room());
    Json from = publication.from();
    Json message = HookRegistry.sayable(publication.message());
    Json key = publication.key() == null ? null : Json.of(publication.key());
    var saying =
        new RoomOrder.SayRequest(
            message,
            null,
            publication.audience(),
            PUBLISHERS,
            key,
            key == null ? message : key, // the key alone tells a repeat
            false);
    var told = new CompletableFuture<Cursor>();
    Shard there = rooms.shard(name);
    there.tell(
        () -> {
          Room room = there.room(name);
          room.sayAs(
              from == null ? Json.of(general.serverName()) : from,
              saying,
              spoken -> spoken.place(told));
          room.closeIfEmpty();
        });
    return told;
  }

  @Override
  public void signal(@Nullable Sender sender, @Nullable Object signal, @Nullable String kind) {
    Json content = HookRegistry.sayable(signal);
    String error = Signal.invalid(content, kind);
    if (error != null) {
      throw new IllegalArgumentException(error);
    }
    switch (sender) {
      case null -> signal(null, new Signal(Json.of(general.serverName()), null, kind, content));
      case StandIn(String room, Json id, Audience audience) when audience == null ->
          signal(room, new Signal(id, null, kind, content));
      case Participant from -> from.tell(() -> from.signal(from.place(), content, kind));
      case Connection ignored ->
          throw new IllegalArgumentException("not a connection of this server");
      case StandIn ignored -> throw new IllegalArgumentException(Signal.NO_AUDIENCE);
      case Aimed ignored -> throw new IllegalArgumentException(Signal.NO_AUDIENCE);
    }
  }

  private void signal(@Nullable String room, Signal signal) {
    String name = room == null ? general.defaultChatRoom() : valid(room);
    rooms.shard(name).signal(name, signal, null);
  }

  @Override
  public CompletionStage<RoomStatus> socketRoomStatus(@Nullable String room) {
    return status(room, null);
  }

  @Override
  public CompletionStage<RoomStatus> socketRoomStatus(@Nullable String room, RoomStatus.Page page) {
    return status(room, page);
  }

  private CompletionStage<RoomStatus> status(
      @Nullable String room, RoomStatus.@Nullable Page page) {
    try {
      return rooms.status(valid(room), page);
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  @Override
  public CompletionStage<Excerpt> history(String room, @Nullable Cursor before, int limit) {
    if (limit < 1 || limit > Start.MAX_HISTORY) {
      return CompletableFuture.failedStage(
          new IllegalArgumentException("limit must be from 1 to " + Start.MAX_HISTORY));
    }
    try {
      return readers.readBefore(valid(room), before, limit);
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  @Override
  public CompletionStage<List<RoomCount>> rooms(@Nullable String after, int limit) {
    return scan.named(after == null ? "" : after, limit)
        .thenApply(
            lines ->
                lines.stream().map(line -> new RoomCount(line.room(), line.members())).toList());
  }

  @Override
  public PrivateRoom createPrivateRoom() {
    return privateRoom(RoomRule.PRIVATE + names.get());
  }

  @Override
  public PrivateRoom privateRoom(String name) {
    if (valid(name).indexOf('*') >= 0) {
      throw new IllegalArgumentException(
          "a private room's name must not contain *: its tokens would be for many rooms");
    }
    return new TokenPrivateRoom(tokens, clock, name);
  }

  private static String valid(@Nullable String room) {
    if (room == null || !RoomName.isValid(room)) {
      throw new IllegalArgumentException(
          "a room is required: 1 to " + RoomName.MAX_LENGTH + " characters, no control characters");
    }
    return room;
  }
}
