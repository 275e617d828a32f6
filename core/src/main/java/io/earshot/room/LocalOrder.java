package io.earshot.room;

import io.earshot.history.MessageIds;
import io.earshot.history.Past;
import io.earshot.protocol.Announcement;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Signal;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
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
  public void join(Member member, Start start, Consumer<Room.Arrival> live, boolean take) {
    Past past = room.past(start, member);
    room.enroll(member);
    if (room.roster().size() <= room.rule().announcementsUpTo()) {
      announceJoin(member);
    }
    room.hear(member, past, place(past), live);
  }

  /** The place in the answer, which all messages for the member follow. */
  private @Nullable Cursor place(Past past) {
    boolean isOfNewOrder =
        Boolean.FALSE.equals(past.recovered())
            && past.history() == null
            && !past.missed().isEmpty();
    return isOfNewOrder ? new Cursor(room.log().epoch(), past.since()) : room.end();
  }

  @Override
  public void listen(Member member, Start start, Consumer<Room.Arrival> live) {
    Past past = room.past(start, member);
    room.hear(member, past, place(past), live);
  }

  @Override
  public void leave(Member member, int count, Runnable out) {
    // Before the member is out: from then on its connection may resume a session with another id.
    User user = member.user;
    boolean isAnnounced =
        count <= room.rule().announcementsUpTo() && room.roster().connections(user) == 0;
    Json id = isAnnounced ? Json.of(member.connection.id()) : null;
    room.unhear(member, out);
    if (id != null) {
      announce(Announcement.LEAVE, id, user, member);
    }
    room.closeIfEmpty();
  }

  @Override
  public void identify(Member member, @Nullable User user) {
    User former = member.user;
    room.roster().identify(member, user);
    if (User.areSame(former, user) || room.roster().size() > room.rule().announcementsUpTo()) {
      return;
    }
    if (room.roster().connections(former) == 0) {
      announce(Announcement.LEAVE, Json.of(member.connection.id()), former, member);
    }
    announceJoin(member);
  }

  /** Announces a new member, unless its user has another connection in the room. */
  private void announceJoin(Member member) {
    if (room.roster().connections(member.user) <= 1) {
      announce(Announcement.JOIN, Json.of(member.connection.id()), member.user, member);
    }
  }

  @Override
  public void silence(Member member, Runnable out) {
    room.unhear(member, out);
    room.closeIfEmpty();
  }

  @Override
  public void whenEntered(Member member, Runnable task) {
    task.run();
  }

  @Override
  public void listens(Member member) {}

  @Override
  public void forget(Member member) {}

  @Override
  public boolean holdsBack(
      Member member,
      @Nullable Cursor known,
      @Nullable Boolean recovered,
      Consumer<Room.Arrival> live) {
    return false;
  }

  @Override
  public void replaced(Member lost, Member back) {}

  private void announce(Announcement what, Json id, @Nullable User user, Member mover) {
    room.deliver(Json.of(what.text()), id, user, mover, null, what);
  }

  @Override
  public void say(
      Json from,
      @Nullable Member except,
      RoomOrder.SayRequest saying,
      Consumer<RoomOrder.SayResult> told) {
    told.accept(new RoomOrder.SayResult(say(from, except, saying), null));
  }

  @Override
  public void sayAs(Json from, RoomOrder.SayRequest saying, Consumer<RoomOrder.SayResult> told) {
    Member except = from instanceof Json.Text(String text) ? room.roster().withId(text) : null;
    say(from, except, saying, told);
  }

  private Cursor say(Json from, @Nullable Member except, RoomOrder.SayRequest saying) {
    Json messageId = saying.messageId();
    long window = room.shard().repeatWindow();
    if (messageId == null || window == 0) {
      return room.deliver(saying.message(), from, saying.user(), except, saying.audience(), null);
    }
    if (messageIds == null) {
      messageIds = new MessageIds(window);
    }
    long now = room.shard().elapsed();
    Long first = messageIds.find(saying.namer(), messageId, saying.words(), now);
    if (first != null) {
      return new Cursor(room.log().epoch(), first);
    }
    Cursor place =
        room.deliver(saying.message(), from, saying.user(), except, saying.audience(), null);
    messageIds.add(
        saying.namer(), messageId, saying.words(), place.offset(), room.shard().elapsed());
    return place;
  }

  @Override
  public void signal(Signal signal) {}

  @Override
  public void whenKnown(@Nullable Cursor cursor, Runnable task) {
    task.run();
  }
}
