package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who is in a room: what rooms know of a connection, whatever it came by.
 *
 * <p>Owned by the connection's event loop. What {@link Connection} offers to other threads is
 * final, volatile, or told to the loop.
 */
abstract sealed class Participant implements Connection permits ClientConnection, WebConnection {
  private final Shard shard;
  private final Wire wire;
  private final Transport transport;
  private final long connectedAt;
  private volatile Map<String, String> attributes = Map.of();
  private volatile Member place;

  Participant(Shard shard, Wire wire, Transport transport, String room) {
    this.shard = shard;
    this.wire = wire;
    this.transport = transport;
    this.connectedAt = shard.now();
    this.place = new Member(this, room);
  }

  final Earshot earshot() {
    return shard.earshot();
  }

  final Shard shard() {
    return shard;
  }

  final Wire wire() {
    return wire;
  }

  /** Whether this is its id; for those who ask many, since an id is put into words when asked. */
  abstract boolean hasId(String id);

  /** What {@link Directory#hash} says of its id. */
  abstract int idHash();

  /** Whether an audience includes it. */
  final boolean isMeant(Audience audience) {
    String value = audience.value();
    return value != null
        && (audience.key().equals("id")
            ? hasId(value)
            : value.equals(attributes.get(audience.key())));
  }

  /** Runs a task on this connection's loop: now if that is where the caller is. */
  final void tell(Runnable task) {
    shard.tell(task);
  }

  /** Hands over bytes that a room framed; they are borrowed. May end the connection. */
  abstract void deliver(ByteBuf bytes, int offset, int length);

  /** Whether it has not read for a while what it was told. */
  abstract boolean isBehind();

  /** Begins to leave out for a member what its room tells, until it has caught up. */
  abstract Lag newLag(Member member);

  /** Tells a member what was left out, and what of it is kept. */
  abstract void catchUp(Member member);

  /** Whom the words of this connection are aimed at while nobody says otherwise; null for all. */
  abstract @Nullable Audience audience();

  // --- rooms -----------------------------------------------------------------------------------

  /** Its place in the room that it is in. */
  final Member place() {
    return place;
  }

  final void moveTo(Member member) {
    place = member;
  }

  /**
   * Joins a room.
   *
   * @param after what it knows of the room already, or null
   * @param live called on its loop; what it missed it is to hear at once
   */
  final void join(Member member, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    member.in = true;
    Shard there = earshot().rooms().shard(member.room);
    there.tell(() -> there.room(member.room).join(member, after, live));
  }

  /** Leaves a room. Once {@code out} runs, it has heard all that was told there before. */
  final void leave(Member member, Runnable out) {
    member.in = false;
    earshot().rooms().in(member.room, room -> room.leave(member, out), () -> tell(out));
  }

  /**
   * Says something in one of its rooms.
   *
   * @param messageId what the client calls it, so that it is told once however often it is said
   * @param told called on its loop with what became of it
   */
  final void tellRoom(
      Member member,
      Json message,
      @Nullable Audience audience,
      @Nullable Json messageId,
      Consumer<Room.Spoken> told) {
    earshot()
        .rooms()
        .in(
            member.room,
            room ->
                room.say(
                    member,
                    new Room.Saying(message, audience, id(), messageId),
                    spoken -> tell(() -> told.accept(spoken))),
            () -> tell(() -> told.accept(new Room.Spoken(null, null))));
  }

  /** Whether it is over, so that nobody speaks for it any more. */
  abstract boolean isGone();

  /**
   * Says something in its room as server code asks; to whom, {@link #audience} says unless that
   * does.
   */
  final void broadcast(Json message, @Nullable Audience to, Consumer<Room.Spoken> told) {
    tellRoom(place, message, to == null ? audience() : to, null, told);
  }

  // --- what server code sees, from any thread --------------------------------------------------

  @Override
  public final Transport transport() {
    return transport;
  }

  @Override
  public final Instant connectedAt() {
    return Instant.ofEpochMilli(connectedAt);
  }

  @Override
  public final String room() {
    return place.room;
  }

  @Override
  public final Map<String, String> attributes() {
    return attributes;
  }

  /** Takes over what server code said of another. */
  final synchronized void inherit(Map<String, String> others) {
    attributes = Map.copyOf(others);
  }

  @Override
  public final synchronized void set(String name, @Nullable String value) {
    // Locked, since two threads may set two attributes at once; readers see one snapshot or the
    // next.
    var changed = new HashMap<>(attributes);
    if (value == null) {
      changed.remove(name);
    } else {
      changed.put(name, value);
    }
    attributes = Map.copyOf(changed);
  }

  @Override
  public final String toString() {
    return transport + " " + id() + " from " + remoteAddress();
  }
}
