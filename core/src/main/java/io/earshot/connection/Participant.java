package io.earshot.connection;

import io.earshot.Connection;
import io.earshot.Grant;
import io.earshot.Measure;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.access.Tokens;
import io.earshot.hook.HookQueue;
import io.earshot.hook.HookSubject;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.room.Subscriber;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A connection of any transport, as a member of rooms.
 *
 * <p>Owned by the connection's event loop. State that the methods of {@link Connection} read on
 * other threads is final or volatile; their other work runs on the loop.
 */
public abstract class Participant extends Subscriber implements HookSubject {

  /** The refusal of a request that only members of a room may make. */
  public static final String NOT_IN_ROOM = "Error: you are not in this room";

  private final LoopContext context;
  private final Wire wire;
  private final Transport transport;
  private final long connectedAt;
  private volatile Map<String, String> attributes = Map.of();
  private volatile Place place;

  /** The tasks that wait for hooks; null while there are none. */
  private @Nullable HookQueue hookQueue;

  /**
   * The identity by the tokens of this connection; null without one. {@link TokenWatch} sets it.
   */
  @Nullable Known known;

  @SuppressWarnings("this-escape") // Place only stores the reference
  public Participant(LoopContext context, Wire wire, Transport transport, String room) {
    this.context = context;
    this.wire = wire;
    this.transport = transport;
    this.connectedAt = context.shard().now();
    this.place = new Place(this, room);
  }

  public final EngineContext engine() {
    return context.engine();
  }

  @Override
  public final Shard shard() {
    return context.shard();
  }

  @Override
  public final Wire wire() {
    return wire;
  }

  @Override
  public final void schedule(Runnable task, long millis) {
    shard().schedule(task, millis);
  }

  /** The {@link Directory#hash} of the id. */
  public abstract int idHash();

  @Override
  public final boolean isAsking() {
    return hookQueue != null;
  }

  @Override
  public final void inTurn(Consumer<Runnable> turn, boolean isNews) {
    if (hookQueue == null) {
      hookQueue = new HookQueue(() -> hookQueue = null); // most connections never need it again
    }
    hookQueue.add(turn, isNews);
  }

  /** The audience of messages that do not name one; null for all members. */
  public abstract @Nullable Audience audience();

  /**
   * Whether the connection takes no more requests, because it is leaving its rooms or has ended.
   */
  public abstract boolean isGone();

  // --- rooms -----------------------------------------------------------------------------------

  /** The place in the current room. */
  public final Place place() {
    return place;
  }

  /** Makes another place the current one, without leaving or joining a room. */
  public final void moveTo(Place member) {
    place = member;
  }

  /** The places in all rooms, the current one first. */
  public abstract List<Place> places();

  /**
   * Joins a room.
   *
   * @param after the last message that the client knows of the room, or null
   * @param live called on the connection's loop when messages begin to arrive; it has to send the
   *     messages that the client missed before it returns
   */
  public final void join(Place member, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    // Queued before the client's next request, which may be to leave.
    Runnable isIn = engine().admission().joining(member);
    enter(
        member,
        after,
        arrival -> {
          isIn.run();
          live.accept(arrival);
        });
  }

  private void enter(Place member, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    member.in = true;
    Shard there = engine().rooms().shard(member.room);
    there.tell(() -> there.room(member.room).join(member, after, live));
  }

  /**
   * Leaves a room.
   *
   * @param out called on the connection's loop after all messages that the room sent before
   */
  public final void leave(Place member, Runnable out) {
    if (member.in) {
      engine().admission().left(member);
    }
    exit(member, out);
  }

  private void exit(Place member, Runnable out) {
    member.in = false;
    engine().rooms().in(member.room, room -> room.leave(member, out), () -> tell(out));
  }

  /**
   * Leaves the current room and joins another. If the connection is in that room already, the room
   * sees it leave and join again, and hooks see nothing.
   */
  public final void move(Place member, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    Place old = place;
    boolean stays = member.in;
    if (old != member) {
      leave(old, () -> {});
    }
    if (stays) {
      exit(member, () -> {});
    }
    moveTo(member);
    if (stays) {
      enter(member, after, live);
    } else {
      join(member, after, live);
    }
  }

  // --- messages --------------------------------------------------------------------------------

  /**
   * Sends a message of server code to the current room.
   *
   * @param to the audience; null for {@link #audience}
   */
  public final void broadcast(Json message, @Nullable Audience to, Consumer<Room.SayResult> told) {
    place.say(message, message, to == null ? audience() : to, null, false, told);
  }

  /**
   * The reason why this client may not send a message that rules and hooks allow: it may have left
   * while hooks were running.
   *
   * @return the refusal; null if the message may be sent
   */
  protected abstract @Nullable String refusalToSpeak(Place speaker);

  /** Sends a document that is not a room message. */
  public final void send(byte[] json) {
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(json.length + 16);
    try {
      wire().frame(json, null, buffer);
      deliver(buffer, buffer.readerIndex(), buffer.readableBytes());
    } finally {
      buffer.release();
    }
  }

  /** Counts an expensive request as so many messages, on transports that limit messages. */
  public void charge(int messages) {}

  // --- tokens ----------------------------------------------------------------------------------

  /**
   * The identity by the tokens of a connection.
   *
   * @param until when it ends, in milliseconds since 1970
   * @param look identifies the timer that ends it
   */
  public record Known(String name, long until, Object look) {
    public Known(String name, long until) {
      this(name, until, new Object());
    }
  }

  /** The identity by the tokens of this connection; null without one. */
  public final @Nullable Known known() {
    return known;
  }

  /** Sets the identity by tokens, for a connection that resumes a session. */
  public final void setKnown(Known now) {
    TokenWatch.identify(this, now);
  }

  /** Stores the grant by which this connection was admitted to a room, until it expires. */
  public final void accept(Place member, @Nullable Grant grant) {
    TokenWatch.accept(member, grant);
  }

  /**
   * Replaces the grants of this connection by a newer token's, in the rooms that the token is for.
   *
   * @throws RefusedException if the token is of no use; the message says why
   */
  public final Reply.Refreshed refresh(String token) throws RefusedException {
    return TokenWatch.refresh(this, token);
  }

  /**
   * The notice to a client that its token for a room expires or has expired.
   *
   * @param expiresAt when the token expires, in milliseconds since 1970; null if it has
   */
  public static Json notice(String room, String status, @Nullable Long expiresAt) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("context", "token");
    fields.put("room", room);
    fields.put("status", status);
    if (expiresAt != null) {
      fields.put("expiresAt", expiresAt);
    }
    return Json.from(fields);
  }

  /** Removes the connection from a room because its token has expired. */
  public abstract void expire(Place member);

  /** Removes the connection from a room, and sends the notice that the token has expired. */
  protected final void removeExpired(Place member) {
    removeFromRoom(member, notice(member.room, "expired", null), Tokens.EXPIRED);
  }

  // --- forced to leave -------------------------------------------------------------------------

  /**
   * Removes the connection from a room in which it is a member or listens.
   *
   * @param notice the notice to the client
   * @param reason why the connection ends, if it has no other room to go to
   */
  final void removeFromRoom(String room, Json notice, String reason) {
    for (Place member : places()) {
      if (member.room.equals(room)) {
        removeFromRoom(member, notice, reason);
      }
    }
  }

  /** The same for a place; from the current room the connection moves to the default room. */
  public abstract void removeFromRoom(Place member, Json notice, String reason);

  /** Leaves all rooms and ends, without sending anything. */
  public abstract void endSilently();

  /** Ends the connection at once, and sends the reason to the client. */
  public abstract void disconnect(String reason);

  /** Ends the connection if it is banned, by its id, address or attributes. */
  public final void lookForBan() {
    Measure ban = engine().moderation().ban(this);
    if (ban != null) {
      // Later: a request to join that is being decided now is refused first.
      shard().later(() -> disconnect(ban.words()));
    }
  }

  /** Leaves the rooms that were closed while this connection could not be removed from them. */
  public final void leaveClosedRooms() {
    for (Place member : places()) {
      Measure closure = engine().moderation().closure(member.room);
      if (closure != null) {
        removeFromRoom(member.room, Moderator.notice(closure), closure.words());
      }
    }
  }

  // --- what server code calls, on any thread ---------------------------------------------------

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

  /** Takes over the attributes of a session that is resumed. */
  public final synchronized void inherit(Map<String, String> others) {
    attributes = Map.copyOf(others);
  }

  @Override
  public final void set(String name, @Nullable String value) {
    change(name, value);
    if (value != null) {
      lookForBan();
    }
  }

  private synchronized void change(String name, @Nullable String value) {
    // Locked, since two threads may set attributes at once. Readers see one snapshot or the next.
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
