package io.earshot.web;

import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.connection.EngineContext;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Place;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.room.MessageIds;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.spi.Visitor;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Requests by HTTP clients to read a room, or to send a message to it, without being a member.
 *
 * <p>Immutable; each request runs on the room's event loop.
 */
public record RoomReaders(EngineContext engine, List<LoopContext> contexts) {

  /** The size of an answer without its messages and the room's name, in bytes. */
  private static final int ENVELOPE = 160;

  /** Reads messages of a room; see {@code Engine.read}. */
  public CompletableFuture<Excerpt> read(String name, @Nullable Cursor after, int limit, int wait) {
    var answer = new CompletableFuture<Excerpt>();
    int room = ENVELOPE + Json.of(name).encode().length;
    int bytes = engine.config().limits().answerBytes() - room;
    Shard there = engine.rooms().shard(name);
    there.tell(
        () ->
            there.whenKnown(
                name, after, () -> readOrWait(there, name, after, limit, bytes, wait, answer)));
    return answer;
  }

  private static void readOrWait(
      Shard there,
      String name,
      @Nullable Cursor after,
      int limit,
      int bytes,
      int wait,
      CompletableFuture<Excerpt> answer) {
    Excerpt now = read(there, name, after, limit, bytes);
    boolean isUpToDate = now.messages().isEmpty() && !Boolean.FALSE.equals(now.recovered());
    if (wait > 0 && isUpToDate) {
      int millis = Math.min(wait, ChatAction.MAX_WAIT);
      there.polls().add(there.room(name), millis, now.recovered(), answer);
    } else {
      answer.complete(now);
      there.closeIfEmpty(name);
    }
  }

  private static Excerpt read(
      Shard there, String name, @Nullable Cursor after, int limit, int bytes) {
    Room room = there.roomIfAny(name);
    return room == null
        ? new Excerpt(name, List.of(), null, after == null ? null : false)
        : room.read(after, limit, bytes);
  }

  /** Checks that a client may do something in a room; see {@code Engine.check}. */
  public void check(Visitor visitor, String room, Permission what, @Nullable String token)
      throws RefusedException {
    String refusal = engine.admission().check(place(visitor, room), what, token).refusal();
    if (refusal != null) {
      throw new RefusedException(refusal);
    }
  }

  /** The client's place in a room; if it has none on this server, a place that has not joined. */
  private Place place(Visitor visitor, String room) {
    if (engine.connections().find(visitor.id()) instanceof WebConnection known
        && known.place().room.equals(room)) {
      return known.place();
    }
    LoopContext anywhere = contexts.get(engine.rooms().shard(room).index());
    return new Place(new WebConnection(anywhere, visitor, null), room);
  }

  /** Sends a message to a room; see {@code Engine.say}. */
  public CompletableFuture<Cursor> say(
      Visitor visitor,
      String name,
      @Nullable String token,
      Json message,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId) {
    var told = new CompletableFuture<Cursor>();
    Place speaker = place(visitor, name);
    speaker
        .who()
        .tell(
            () ->
                engine
                    .admission()
                    .decideSay(
                        speaker,
                        message,
                        token,
                        verdict -> {
                          if (verdict.refusal() == null) {
                            String whose = MessageIds.isUnique(messageId) ? "" : namer;
                            var saying =
                                new Room.SayRequest(
                                    verdict.message(), audience, whose, messageId, message, true);
                            tell(visitor.id(), name, saying, told);
                          } else {
                            told.completeExceptionally(new RefusedException(verdict.refusal()));
                          }
                        }));
    return told;
  }

  private void tell(
      String id, String name, Room.SayRequest saying, CompletableFuture<Cursor> told) {
    boolean areMembers = engine.config().commonWeb().httpClientMessageTTL().isPresent();
    Shard there = engine.rooms().shard(name);
    there.tell(
        () -> {
          Room room = there.room(name);
          Consumer<Room.SayResult> then =
              spoken -> {
                if (spoken.place() == null) {
                  told.completeExceptionally(
                      new RejectedExecutionException(String.valueOf(spoken.refusal())));
                } else {
                  told.complete(spoken.place());
                }
              };
          // With message queues the client may be a member, whose own messages are not queued.
          if (areMembers) {
            room.sayAs(Json.of(id), saying, false, then);
          } else {
            room.say(Json.of(id), null, saying, then);
          }
          room.closeIfEmpty();
        });
  }
}
