package io.earshot.cluster;

import io.earshot.room.Member;
import io.earshot.room.Room;

/**
 * Members and listeners of this server who leave. Each of them receives the room up to the place at
 * which the broker let it out, and only then is taken out of the fan-out.
 *
 * <p>Immutable; what it works on is owned by the room's event loop, which calls it.
 */
final class Departures {
  private final Room room;
  private final ClusterOrder order;

  Departures(Room room, ClusterOrder order) {
    this.room = room;
    this.order = order;
  }

  void leave(Member member, Runnable out) {
    order.workStarts();
    order.whenLive(
        () -> {
          if (order.isAway()) {
            leaveUnrecorded(member, out);
            return;
          }
          order.then(
              order.members().leave(member.connection.id(), member),
              (moved, _) -> {
                if (moved == null) {
                  leaveUnrecorded(member, out);
                } else {
                  order.whenReached(moved.place(), () -> left(member, out));
                }
              });
        });
  }

  private void leaveUnrecorded(Member member, Runnable out) {
    order.members().leftUnrecorded(member);
    left(member, out);
  }

  private void left(Member member, Runnable out) {
    order.workEnds();
    order.arrivals().leaves(member);
    room.unhearLeft(member, out);
    room.closeIfEmpty();
  }

  void silence(Member member, Runnable out) {
    order.workStarts();
    order.whenLive(
        () -> {
          if (order.isAway()) {
            silenced(member, out);
            return;
          }
          order.then(
              order.askEnd(),
              (end, _) -> {
                if (end == null) {
                  silenced(member, out);
                } else {
                  order.whenReached(end, () -> silenced(member, out));
                }
              });
        });
  }

  private void silenced(Member member, Runnable out) {
    order.workEnds();
    room.unhear(member, out);
    room.closeIfEmpty();
  }
}
