package io.earshot.cluster;

import io.earshot.protocol.User;
import io.earshot.room.Member;
import io.earshot.room.Room;
import io.earshot.room.Subscriber;
import java.util.HashMap;
import java.util.Map;

/**
 * Members and listeners of this server who leave. Each of them receives the room up to the place at
 * which the broker let it out, and only then is taken out of the fan-out; sooner if its connection
 * is subscribed again before that.
 *
 * <p>Owned by the room's event loop.
 */
final class Departures {
  private final Room room;
  private final ClusterOrder order;

  /** The subscriptions that are about to end, by connection. */
  private final Map<Subscriber, Leaving> leaving = new HashMap<>(0);

  private static final class Leaving {
    final Member member;
    final Runnable out;

    /** Whether it was a member; otherwise it listened. */
    final boolean wasIn;

    boolean isDone;

    Leaving(Member member, Runnable out, boolean wasIn) {
      this.member = member;
      this.out = out;
      this.wasIn = wasIn;
    }
  }

  Departures(Room room, ClusterOrder order) {
    this.room = room;
    this.order = order;
  }

  /**
   * Ends the former subscription of a connection that is about to be subscribed again under another
   * membership. With both it would receive messages twice.
   */
  void endFormer(Member next) {
    Leaving former = leaving.get(next.connection);
    if (former != null && former.member != next) {
      end(former);
    }
  }

  private Leaving start(Member member, Runnable out, boolean wasIn) {
    order.workStarts();
    var started = new Leaving(member, out, wasIn);
    if (member.hears()) {
      leaving.put(member.connection, started);
    }
    return started;
  }

  private void end(Leaving ending) {
    if (!ending.isDone) {
      ending.isDone = true;
      leaving.remove(ending.member.connection, ending);
      if (ending.wasIn) {
        order.arrivals().leaves(ending.member);
        room.unhearLeft(ending.member, ending.out);
      } else {
        room.unhear(ending.member, ending.out);
      }
    }
  }

  private void finish(Leaving ending) {
    order.workEnds();
    end(ending);
    room.closeIfEmpty();
  }

  void leave(Member member, Runnable out) {
    Leaving started = start(member, out, true);
    User user = member.user(); // before it joins again
    order.whenLive(
        () -> {
          if (order.isAway()) {
            leaveUnrecorded(started);
            return;
          }
          if (member.takes()) {
            // It was resumed here while the broker was away, and is in the list as another server's
            // member, which only that server takes out.
            var unused = order.members().enter(member);
          }
          order.then(
              order.members().leave(member.connection.id(), user, member),
              (moved, ignored) -> {
                if (moved == null) {
                  leaveUnrecorded(started);
                } else {
                  order.whenReached(moved.place(), () -> finish(started));
                }
              });
        });
  }

  private void leaveUnrecorded(Leaving ending) {
    order.members().leftUnrecorded(ending.member);
    finish(ending);
  }

  void silence(Member member, Runnable out) {
    Leaving started = start(member, out, false);
    order.whenLive(
        () -> {
          if (order.isAway()) {
            finish(started);
            return;
          }
          order.then(
              order.askEnd(),
              (end, ignored) -> {
                if (end == null) {
                  finish(started);
                } else {
                  order.whenReached(end, () -> finish(started));
                }
              });
        });
  }
}
