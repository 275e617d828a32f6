package io.earshot.room;

import io.earshot.events.EventKind;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.spi.Wire;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The recipients of one room's messages: members and listeners, by event loop and wire, and the
 * long polls that wait for its next message.
 *
 * <p>A loop runs the tasks of another loop in the order in which they were submitted. So each
 * connection receives all messages from the task that adds it to a {@link Fanout} to the task that
 * removes it.
 *
 * <p>Owned by the room's event loop.
 */
final class Subscribers {
  private final Room room;

  /** A linked list, the newest first: most rooms have one branch or none. */
  private @Nullable Branch branches;

  /** How many members are away. */
  private int awaited;

  /** Null while no long poll waits. */
  private @Nullable Set<LongPoll> polls;

  Subscribers(Room room) {
    this.room = room;
  }

  /** The fan-out of one loop and wire, and how many members it has or will have. */
  private static final class Branch {
    final Fanout fanout;
    @Nullable Branch next;
    int size;

    Branch(Fanout fanout, @Nullable Branch next) {
      this.fanout = fanout;
      this.next = next;
    }
  }

  /** Whether no member is subscribed, and none is away. */
  boolean isEmpty() {
    return branches == null && awaited == 0;
  }

  /** Whether a member is subscribed. */
  boolean isHeard() {
    return branches != null;
  }

  /**
   * Adds a member, unless it is subscribed already, or has left or been lost meanwhile.
   *
   * @param since the offset after which the member receives messages
   * @param live runs on the connection's loop when the member is in its fan-out
   */
  void add(Member member, long since, Room.Arrival arrival, Consumer<Room.Arrival> live) {
    // With a cluster the member may have left, or been lost, while the broker was asked.
    if (member.hears) {
      Fanout fanout = branch(member.connection.shard(), member.connection.wire()).fanout;
      member.connection.tell(
          () -> {
            // The pending messages come before the place that the answer names.
            fanout.sendPending(member);
            live.accept(arrival);
          });
      return;
    }
    if (!member.lacksSubscription()) {
      member.connection.tell(() -> live.accept(arrival));
      return;
    }
    if (member.listens) {
      room.order().listens(member);
    }
    member.hears = true;
    member.sentUpTo = null;
    member.since = since;
    room.recordSubscribed(member, arrival);
    Branch branch = branch(member.connection.shard(), member.connection.wire());
    branch.size++;
    member.connection.tell(
        () -> {
          branch.fanout.add(member);
          live.accept(arrival);
        });
  }

  /**
   * Removes a member, unless it is in the room or listens still.
   *
   * @param out runs on the connection's loop when the member has received all earlier messages
   */
  void remove(Member member, Runnable out) {
    if (member.receives()) {
      member.connection.tell(out);
    } else if (member.away) {
      member.away = false;
      awaited--;
      member.connection.tell(out);
    } else {
      stop(member, out);
    }
  }

  /**
   * Removes a member that has left, unless it listens. A member that is already joining again is
   * removed as well. It is added again when the broker's answer names the place at which it enters.
   */
  void removeLeft(Member member, Runnable out) {
    if (member.joined && member.comesIn() && !member.listens && !member.away) {
      stop(member, out);
    } else {
      remove(member, out);
    }
  }

  /** Removes a member whose connection was lost, and keeps its place. */
  void suspend(Member member, Cursor end) {
    if (!member.away && member.receives()) {
      // A member that was lost before it was subscribed has received nothing since.
      Cursor upTo = member.sentUpTo(end);
      stop(member, () -> {});
      room.record(EventKind.DETACHED, member, null);
      member.away = true;
      awaited++;
      member.sentUpTo = upTo;
    }
  }

  private void stop(Member member, Runnable out) {
    room.order().forget(member);
    if (!member.hears) {
      member.connection.tell(out);
      return;
    }
    member.hears = false;
    room.record(EventKind.UNSUBSCRIBED, member, null);
    Branch branch = branch(member.connection.shard(), member.connection.wire());
    member.connection.tell(
        () -> {
          branch.fanout.remove(member);
          out.run();
        });
    if (--branch.size == 0) {
      remove(branch);
    }
  }

  private Branch branch(Shard home, Wire wire) {
    for (Branch branch = branches; branch != null; branch = branch.next) {
      if (branch.fanout.is(home, wire)) {
        return branch;
      }
    }
    branches = new Branch(new Fanout(home, wire, room.rule()), branches);
    return branches;
  }

  private void remove(Branch unused) {
    if (branches == unused) {
      branches = unused.next;
      return;
    }
    for (Branch branch = branches; branch != null; branch = branch.next) {
      if (branch.next == unused) {
        branch.next = unused.next;
        return;
      }
    }
  }

  /**
   * Hands one message to the fan-outs of all subscribers, with one task for each loop and wire.
   *
   * @param except the member that does not receive it, or null
   * @param audience the members that receive it; null for all
   * @param kind the older messages that this one replaces for slow consumers, or null
   * @param began when its say began, as {@link Shard#sayBegan} has it
   */
  void tell(
      byte[] json,
      Cursor place,
      @Nullable Member except,
      @Nullable Audience audience,
      @Nullable String kind,
      long began) {
    for (Branch branch = branches; branch != null; branch = branch.next) {
      Fanout fanout = branch.fanout;
      fanout.shard().tell(() -> fanout.append(json, place, except, audience, kind, began));
    }
  }

  /** Hands signals to the fan-outs of all subscribers, with one task for each loop and wire. */
  void signal(List<Fanout.Signalled> signals) {
    for (Branch branch = branches; branch != null; branch = branch.next) {
      Fanout fanout = branch.fanout;
      fanout.shard().tell(() -> fanout.signal(signals));
    }
  }

  // --- long polls ------------------------------------------------------------------------------

  boolean hasPolls() {
    return polls != null;
  }

  /** Answers the long polls with a message that has no audience. */
  void answerPolls(byte[] json, Cursor place) {
    if (polls != null) {
      List.copyOf(polls).forEach(poll -> poll.answer(json, place));
    }
  }

  void add(LongPoll poll) {
    if (polls == null) {
      polls = new LinkedHashSet<>();
    }
    polls.add(poll);
  }

  /** Removes a long poll, and returns whether it was the last. */
  boolean remove(LongPoll poll) {
    if (polls == null || !polls.remove(poll) || !polls.isEmpty()) {
      return false;
    }
    polls = null;
    return true;
  }
}
