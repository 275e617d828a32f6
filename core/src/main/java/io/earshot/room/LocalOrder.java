package io.earshot.room;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The order of a room of a single server: messages are delivered in the order of their arrival.
 *
 * <p>Owned by the room's event loop.
 */
final class LocalOrder implements RoomOrder {
  private final Room room;
  private @Nullable MessageIds messageIds;

  LocalOrder(Room room) {
    this.room = room;
  }

  @Override
  public boolean isShared() {
    return false;
  }

  @Override
  public boolean isBusy() {
    return false;
  }

  @Override
  public long keptFor() {
    return Math.max(
        room.log().isKept() ? room.rule().historyAge() : 0,
        messageIds == null ? 0 : room.shard().repeatWindow());
  }

  @Override
  public void close() {}

  @Override
  public void join(
      Member member, @Nullable Cursor after, Consumer<Room.Arrival> live, boolean take) {
    Room.Past past = room.past(after, member);
    room.enroll(member);
    if (room.roster().size() <= room.rule().announcementsUpTo()) {
      announce(Room.ENTERED, Json.of(member.connection.id()), member);
    }
    room.hear(member, past, room.end(), live);
  }

  @Override
  public void listen(Member member, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    Room.Past past = room.past(after, member);
    member.startListening();
    room.hear(member, past, room.end(), live);
  }

  @Override
  public void leave(Member member, int count, Runnable out) {
    // Before the member is out: from then on its connection may resume a session with another id.
    Json id = count <= room.rule().announcementsUpTo() ? Json.of(member.connection.id()) : null;
    room.unhear(member, out);
    if (id != null) {
      announce(Room.LEFT, id, member);
    }
    room.closeIfEmpty();
  }

  @Override
  public void silence(Member member, Runnable out) {
    room.unhear(member, out);
    room.closeIfEmpty();
  }

  @Override
  public void listens(Member member) {}

  @Override
  public void forget(Member member) {}

  @Override
  public void replaced(Member lost, Member back) {}

  private void announce(String text, Json id, Member mover) {
    room.deliver(Json.of(text), id, mover, null, false);
  }

  @Override
  public void say(
      Json from, @Nullable Member except, Room.SayRequest saying, Consumer<Room.SayResult> told) {
    told.accept(new Room.SayResult(say(from, except, saying), null));
  }

  @Override
  public void sayAs(
      Json from, Room.SayRequest saying, boolean ifThere, Consumer<Room.SayResult> told) {
    Member except = from instanceof Json.Text(String text) ? room.roster().withId(text) : null;
    say(from, except, saying, told);
  }

  private Cursor say(Json from, @Nullable Member except, Room.SayRequest saying) {
    Json messageId = saying.messageId();
    long window = room.shard().repeatWindow();
    if (messageId == null || window == 0) {
      return room.deliver(saying.message(), from, except, saying.audience(), true);
    }
    if (messageIds == null) {
      messageIds = new MessageIds(window);
    }
    long now = room.shard().now();
    Long first = messageIds.find(saying.namer(), messageId, saying.words(), now);
    if (first != null) {
      return new Cursor(room.log().epoch(), first);
    }
    Cursor place = room.deliver(saying.message(), from, except, saying.audience(), true);
    messageIds.add(saying.namer(), messageId, saying.words(), place.offset(), room.shard().now());
    return place;
  }

  @Override
  public void whenKnown(@Nullable Cursor cursor, Runnable task) {
    task.run();
  }
}
