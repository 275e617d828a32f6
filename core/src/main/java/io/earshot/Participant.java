package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
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

  final void join(Member member, Runnable live) {
    Shard there = earshot().rooms().shard(member.room);
    there.tell(() -> there.room(member.room).join(member, live));
  }

  /** Leaves a room. Once {@code out} runs, it has heard all that was told there before. */
  final void leave(Member member, Runnable out) {
    earshot().rooms().in(member.room, room -> room.leave(member, out), () -> tell(out));
  }

  final void tellRoom(Member member, Json message, @Nullable Audience audience, Runnable told) {
    earshot()
        .rooms()
        .in(
            member.room,
            room -> {
              room.deliver(message, Json.of(id()), member, audience);
              tell(told);
            },
            () -> tell(told));
  }

  /** Whether it is over, so that nobody speaks for it any more. */
  abstract boolean isGone();

  /**
   * Says something in its room as server code asks; to whom, {@link #audience} says unless that
   * does.
   */
  final void broadcast(Json message, @Nullable Audience to, Runnable told) {
    tellRoom(place, message, to == null ? audience() : to, told);
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
