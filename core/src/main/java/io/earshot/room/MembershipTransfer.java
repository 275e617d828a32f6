package io.earshot.room;

import io.earshot.events.EventKind;
import io.earshot.history.Past;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.Start;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Hands memberships over when sessions are resumed, without an announcement: to another connection
 * of this server, to another server, and from another server.
 *
 * <p>Stateless. Called on the room's event loop.
 */
public final class MembershipTransfer {
  private MembershipTransfer() {}

  /** Gives the place of a lost member to the connection that resumed its session, unannounced. */
  public static void replace(
      Room room, Member lost, Member back, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    Cursor known = after == null ? lost.sentUpTo(room.cursor()) : after;
    room.record(EventKind.RESUMED, back, after == null ? null : after.toString());
    Past past = room.past(Start.after(known), back);
    if (lost.joined) {
      room.roster().replace(lost, back);
    }
    back.takeOver(lost);
    room.unhear(lost, () -> {});
    room.order().replaced(lost, back);
    // No server knows which bytes were in flight when the connection broke. So a client without a
    // cursor gets the later messages, but its answer does not say that nothing is missing.
    if (!room.order().holdsBack(back, known, after != null, live)) {
      Past told = after != null ? past : new Past(past.missed(), past.since(), false, null);
      room.hear(back, told, room.end(), live);
    }
  }

  /**
   * Gives up the place of a member that resumed its session on another server, unannounced.
   *
   * @return the last message that the member received
   */
  public static Cursor giveUp(Room room, Member member) {
    Cursor known = member.sentUpTo(room.cursor());
    room.record(EventKind.MOVED, member, null);
    if (member.joined) {
      room.roster().remove(member);
    }
    member.joined = false;
    member.listens = false;
    room.unhear(member, () -> {});
    room.closeIfEmpty();
    return known;
  }

  /**
   * Adds a client that resumed a session of another server on this one, without an announcement.
   *
   * @param isIn whether the client is a member
   * @param listens whether the client listens
   * @param after the last message that the client knows, as the client says, or null; then it
   *     receives the messages after those that the other server sent it
   */
  public static void settle(
      Room room,
      Member member,
      boolean isIn,
      boolean listens,
      @Nullable Cursor after,
      Consumer<Room.Arrival> live) {
    if (!room.order().isShared()) {
      throw new IllegalStateException("no other server shares this room");
    }
    Consumer<Room.Arrival> arrived =
        after != null ? live : arrival -> live.accept(unconfirmed(arrival));
    Cursor since = after != null ? after : member.sentUpTo;
    member.sentUpTo = since;
    room.record(EventKind.RESUMED, member, after == null ? null : after.toString());
    member.listens = listens;
    if (isIn) {
      room.order().join(member, Start.after(since), arrived, true);
    } else {
      room.order().listen(member, Start.after(since), arrived);
    }
  }

  /** The same, with an answer that does not say that nothing is missing. */
  private static Room.Arrival unconfirmed(Room.Arrival arrival) {
    Received heard = arrival.heard();
    return new Room.Arrival(
        new Received(heard.room(), heard.cursor(), false, heard.history()), arrival.missed());
  }
}
