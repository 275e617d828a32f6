package io.earshot.cluster;

import io.earshot.history.Past;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.RoomMessage;
import io.earshot.protocol.Start;
import io.earshot.room.Lag;
import io.earshot.room.Member;
import io.earshot.room.Room;
import io.earshot.room.Subscriber;
import io.earshot.spi.Broker.Placed;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Members and listeners of this server that are joining, and the place in the order after which
 * each of them receives messages. A member enters at the place that the broker answers. Before that
 * answer arrives, this server may have delivered later messages. They are kept while any member is
 * joining, and the new member receives them with its answer.
 *
 * <p>Owned by the room's event loop.
 */
final class Arrivals {
  private final Room room;
  private final ClusterOrder order;

  /** The members that are joining, in the order in which they began. */
  private final Queue<Joining> joining = new ArrayDeque<>(0);

  /** How many members have begun to join. */
  private long begun;

  /** What the room has delivered since the first in {@link #joining} began. */
  private final Queue<Recent> recent = new ArrayDeque<>(0);

  /** How many entries {@link #recent} no longer holds. */
  private long dropped;

  /**
   * Connections that have left the room since the first in {@link #joining} began, and may be
   * joining again; oldest first.
   */
  private final Map<Subscriber, LastHeard> leftSince = new LinkedHashMap<>(0);

  /** What the room has delivered: a message, or the notice of a gap. */
  private sealed interface Recent {
    /** The place up to which the room is known after it. */
    Cursor place();

    record Message(Placed message) implements Recent {
      @Override
      public Cursor place() {
        return message.place();
      }
    }

    record Gap(long from, Cursor place) implements Recent {}
  }

  private static final class Joining {
    final long number;

    /** How many entries there were when the join began; the member needs none of them. */
    final long since;

    boolean isDone;

    Joining(long number, long since) {
      this.number = number;
      this.since = since;
    }
  }

  /**
   * The last message that a connection received of a room that it left.
   *
   * @param begun how many members had begun to join by then; members that began later do not need
   *     this entry
   */
  private record LastHeard(Cursor cursor, long begun) {}

  Arrivals(Room room, ClusterOrder order) {
    this.room = room;
    this.order = order;
  }

  void join(Member member, Start start, Consumer<Room.Arrival> live, boolean take) {
    room.enroll(member);
    order.workStarts();
    member.startEntering(take);
    order.members().startsToEnter(member);
    order.whenLive(
        () -> {
          enter(member, start, live);
          order.members().endsToEnter(member);
        });
  }

  private void enter(Member member, Start start, Consumer<Room.Arrival> live) {
    MemberList list = order.members();
    list.expectOurs();
    if (order.isAway() || !member.joined()) {
      // A member that is not joined has left again, or its session was resumed under another
      // Member: reconcile the list, and let the new one enter.
      list.recheckSoon();
      goLive(member, start, null, live);
      return;
    }
    var entry = new Joining(++begun, dropped + recent.size());
    joining.add(entry);
    order.then(
        list.enter(member),
        (moved, failure) -> {
          if (moved == null) {
            if (failure == null) {
              member.connection.close(MemberList.ELSEWHERE);
            } else {
              list.recheckSoon();
            }
            goLive(member, start, null, live);
            done(entry);
          } else {
            order.whenReached(
                moved.place(),
                () -> {
                  goLive(member, start, moved.place(), live);
                  done(entry);
                });
          }
        });
  }

  /** Drops the entries that no joining member can need. */
  private void done(Joining entry) {
    entry.isDone = true;
    Joining first = joining.peek();
    while (first != null && first.isDone) {
      joining.remove();
      first = joining.peek();
    }
    if (first == null) {
      dropped += recent.size();
      recent.clear();
      leftSince.clear();
      return;
    }
    for (; dropped < first.since; dropped++) {
      recent.remove();
    }
    var eldest = leftSince.values().iterator();
    while (eldest.hasNext() && eldest.next().begun < first.number) {
      eldest.remove();
    }
  }

  void listen(Member member, Start start, Consumer<Room.Arrival> live) {
    order.workStarts();
    order.whenKnown(start.after(), () -> goLive(member, start, null, live));
  }

  /**
   * Adds a member to the fan-out, and answers it with its place and the messages that it missed.
   *
   * @param start where the messages begin that the client receives
   * @param enteredAt the place at which the broker entered the member; null if it did not
   */
  private void goLive(
      Member member, Start start, @Nullable Cursor enteredAt, Consumer<Room.Arrival> live) {
    order.workEnds();
    member.finishEntering();
    order.departures().endFormer(member);
    Boolean recovered = start.after() == null ? null : true;
    // What this server has of the history is older than what the client has received.
    Consumer<Room.Arrival> held =
        start.after() == null && start.history() > 0
            ? arrival -> live.accept(withoutHistory(arrival))
            : live;
    if (order.holdsBack(member, start.after(), recovered, held)) {
      return;
    }
    Past past = room.past(start, member);
    Cursor place = room.end();
    if (!Boolean.TRUE.equals(past.recovered())
        && enteredAt != null
        && !member.hears()
        && (order.isKnown(enteredAt) || (!order.isAway() && !order.isSameEpoch(enteredAt)))) {
      // The answer names the place at which the member entered; the messages since then follow it,
      // and may get lost with the connection. But a member that left just before has received
      // messages until this server learned of its leave, and must not receive them again.
      LastHeard heard = leftSince.remove(member.connection);
      place = heard != null && isAfter(heard.cursor, enteredAt) ? heard.cursor : enteredAt;
      long from = order.isSameEpoch(place) ? place.offset() : past.since();
      Past before = past.history() == null ? past : room.latest(start, place, member);
      var missed = new ArrayList<>(before.missed());
      missed.addAll(recentFor(member, place));
      past = new Past(missed, from, past.recovered(), before.history());
    }
    room.hear(member, past, place, live);
    room.closeIfEmpty();
  }

  /** The answer to a client that asked for a history and receives none. */
  private static Room.Arrival withoutHistory(Room.Arrival arrival) {
    Received heard = arrival.heard();
    return new Room.Arrival(
        new Received(heard.room(), heard.cursor(), heard.recovered(), 0), arrival.missed());
  }

  private List<StoredMessage> recentFor(Member member, Cursor after) {
    return recent.stream()
        .filter(each -> isMissed(each.place(), after))
        .filter(each -> isFor(each, member))
        .map(each -> toSend(each, after))
        .toList();
  }

  private static boolean isFor(Recent recent, Member member) {
    return switch (recent) {
      case Recent.Message(Placed message) ->
          member.connection.isFor(message.post().except(), message.post().audience());
      case Recent.Gap ignored -> true;
    };
  }

  private StoredMessage toSend(Recent recent, Cursor after) {
    return switch (recent) {
      case Recent.Message(Placed message) ->
          new StoredMessage(
              new RoomMessage(room.name(), message.post(), message.place()).encode(),
              message.place());
      case Recent.Gap(long from, Cursor to) -> Lag.gap(room.name(), from, to, after);
    };
  }

  /** Of earlier epochs, a member that knows a place of this one has missed nothing. */
  private boolean isMissed(Cursor place, Cursor known) {
    return isAfter(place, known) && (order.isSameEpoch(place) || !order.isSameEpoch(known));
  }

  private static boolean isAfter(Cursor place, Cursor other) {
    return !place.epoch().equals(other.epoch()) || place.offset() > other.offset();
  }

  /** A message was delivered in the room. */
  void delivered(Placed message) {
    if (!joining.isEmpty()) {
      recent.add(new Recent.Message(message));
    }
  }

  /** The messages from an offset up to the room's end are lost. */
  void lost(long from) {
    if (!joining.isEmpty()) {
      recent.add(new Recent.Gap(from, room.cursor()));
    }
  }

  /** A member is about to leave the fan-out. */
  void leaves(Member member) {
    if (!joining.isEmpty() && member.hears()) {
      leftSince.remove(member.connection); // so that it becomes the youngest entry
      leftSince.put(member.connection, new LastHeard(room.cursor(), begun));
    }
  }
}
