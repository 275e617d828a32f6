package io.earshot.cluster;

import io.earshot.history.Past;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.Start;
import io.earshot.room.Lag;
import io.earshot.room.Member;
import io.earshot.room.Room;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Members and listeners whose clients know later messages than this server, which has lost touch
 * with the broker: they received them from another server. Each is answered at once, and subscribed
 * when this server has delivered everything that the client knows, so that it receives nothing
 * twice.
 *
 * <p>Owned by the room's event loop.
 */
final class Ahead {
  private final Room room;
  private final ClusterOrder order;

  /** The last message that each client knows. */
  private final Map<Member, Cursor> held = new LinkedHashMap<>(0);

  Ahead(Room room, ClusterOrder order) {
    this.room = room;
    this.order = order;
  }

  boolean isEmpty() {
    return held.isEmpty();
  }

  /**
   * Holds a member back and answers it, if its client is ahead.
   *
   * @param after the last message that the client knows; null if the client does not say it now
   * @param recovered as the answer says it
   * @param live runs on the connection's loop with the answer
   * @return false if the member is to be subscribed now
   */
  boolean hold(
      Member member,
      @Nullable Cursor after,
      @Nullable Boolean recovered,
      Consumer<Room.Arrival> live) {
    Cursor before = held.remove(member);
    Cursor known = after == null ? before : after;
    if (known == null
        || !order.isAway()
        || !order.isSameEpoch(known)
        || order.isKnown(known)
        || !member.lacksSubscription()) {
      return false;
    }
    held.put(member, known);
    member.continueFrom(known, member.listedIn());
    var answer = new Room.Arrival(new Received(room.name(), known, recovered, null), List.of());
    member.connection.tell(() -> live.accept(answer));
    return true;
  }

  void forget(Member member) {
    held.remove(member);
  }

  /** Subscribes the members whose clients know nothing later than this server now. */
  void release() {
    release(order::isKnown);
  }

  /**
   * Subscribes all members: this server has delivered every message of the broker's order. Clients
   * that know a message of an order that the broker has lost are told of a gap.
   */
  void releaseAll() {
    release(ignored -> true);
  }

  private void release(Predicate<Cursor> isReached) {
    if (held.isEmpty()) {
      return;
    }
    for (Map.Entry<Member, Cursor> each : Map.copyOf(held).entrySet()) {
      if (isReached.test(each.getValue())) {
        held.remove(each.getKey());
        subscribe(each.getKey(), each.getValue());
      }
    }
  }

  private void subscribe(Member member, Cursor known) {
    Past past = room.past(Start.after(known), member);
    Cursor end = room.cursor();
    // The notice ends at a place before the client's if the broker has lost what the client knows.
    List<StoredMessage> missed =
        Boolean.TRUE.equals(past.recovered())
            ? past.missed()
            : List.of(Lag.gap(room.name(), 1, end, known));
    room.hear(
        member,
        new Past(missed, past.since(), past.recovered(), null),
        end,
        arrival -> member.connection.sendMissed(arrival.missed()));
  }
}
