package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomMessage;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Wire;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One room: who is in it, and the one order of what is told there. It exists while somebody is in
 * it or listens.
 *
 * <p>Owned by the room's event loop. Each event loop with members has its {@link Fanout}, which is
 * told what to do and in which order; since what one loop tells another arrives in order, each
 * member hears an unbroken stretch from its join to its leave.
 */
final class Room {
  private final String name;
  private final Shard shard;
  private final Roster roster = new Roster();
  private final List<Branch> branches = new ArrayList<>(1);

  Room(String name, Shard shard) {
    this.name = name;
    this.shard = shard;
  }

  /** A fan-out, and how many hear through it. */
  private static final class Branch {
    final Fanout fanout;
    int hearers;

    Branch(Fanout fanout) {
      this.fanout = fanout;
    }
  }

  String name() {
    return name;
  }

  /**
   * Lets a connection in. Once {@code live} runs, on the connection's loop, it hears all that is
   * told.
   */
  void join(Member member, Runnable live) {
    boolean heard = member.listens;
    member.joined = true;
    roster.add(member);
    hear(member, heard, live);
    announce("I have entered the room", member, roster.size());
  }

  void listen(Member member, Runnable live) {
    boolean heard = member.joined;
    member.listens = true;
    hear(member, heard, live);
  }

  /**
   * Lets a member out. Once {@code out} runs, on the connection's loop, it has heard all that was
   * told before.
   */
  void leave(Member member, Runnable out) {
    if (!member.joined) {
      member.connection.tell(out);
      return;
    }
    member.joined = false;
    int count = roster.size();
    roster.remove(member);
    unhear(member, member.listens, out);
    announce("I have left the room", member, count);
  }

  void silence(Member member, Runnable out) {
    member.listens = false;
    unhear(member, member.joined, out);
  }

  private void hear(Member member, boolean alreadyDoes, Runnable live) {
    if (alreadyDoes) {
      member.connection.tell(live);
      return;
    }
    Branch branch = branch(member.connection.shard(), member.connection.wire());
    branch.hearers++;
    member.connection.tell(
        () -> {
          branch.fanout.add(member);
          live.run();
        });
  }

  private void unhear(Member member, boolean stillDoes, Runnable out) {
    if (stillDoes) {
      member.connection.tell(out);
      return;
    }
    Branch branch = branch(member.connection.shard(), member.connection.wire());
    member.connection.tell(
        () -> {
          branch.fanout.remove(member);
          out.run();
        });
    if (--branch.hearers == 0) {
      branches.remove(branch);
      if (branches.isEmpty()) {
        shard.forget(this);
      }
    }
  }

  private Branch branch(Shard home, Wire wire) {
    for (Branch branch : branches) {
      if (branch.fanout.is(home, wire)) {
        return branch;
      }
    }
    var branch = new Branch(new Fanout(home, wire));
    branches.add(branch);
    return branch;
  }

  private void announce(String what, Member mover, int count) {
    if (shard.announces(count)) {
      deliver(Json.of(what), Json.of(mover.connection.id()), mover, null);
    }
  }

  /**
   * Tells a message to all who hear this room.
   *
   * @param message what
   * @param from who says so
   * @param except who is not to hear it, or null
   * @param audience whom it is for, or null for all
   */
  void deliver(Json message, Json from, @Nullable Member except, @Nullable Audience audience) {
    if (branches.isEmpty()) {
      return;
    }
    shard.countMessage();
    byte[] json = new RoomMessage(message, name, from, shard.now()).encode();
    for (int i = branches.size() - 1; i >= 0; i--) {
      Fanout fanout = branches.get(i).fanout;
      fanout.shard().tell(() -> fanout.append(json, except, audience));
    }
  }

  /**
   * The member of this id, or null. Looks at each: only what server code says under an id of its
   * choice asks.
   */
  @Nullable Member memberWithId(Json id) {
    return id instanceof Json.Text(String text) ? roster.withId(text) : null;
  }

  RoomStatus status() {
    return new RoomStatus(name, roster.ids());
  }
}
