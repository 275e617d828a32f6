package io.earshot.connection;

import io.earshot.Connection;
import io.earshot.Measure;
import io.earshot.Transport;
import io.earshot.events.EventKind;
import io.earshot.hook.HookQueue;
import io.earshot.hook.HookSubject;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.protocol.Signal;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.room.Room;
import io.earshot.room.RoomOrder;
import io.earshot.room.Shard;
import io.earshot.room.Subscriber;
import io.earshot.spi.Login;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
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

  /** The most events that wait for hooks for which no request waits. */
  private static final int MOST_ASIDE = 1_000;

  /** The tasks that wait for hooks; null while there are none. */
  private @Nullable HookQueue hookQueue;

  /** Those for which no request waits; null while there are none. */
  private @Nullable HookQueue asideQueue;

  /**
   * Who this connection is, by its login or its tokens for rooms; null without either. {@link
   * Directory#identify} sets it, on the connection's loop.
   */
  volatile @Nullable TokenIdentity identity;

  @SuppressWarnings("this-escape") // Place only stores the reference
  public Participant(LoopContext context, Wire wire, Transport transport, String room) {
    this.context = context;
    this.wire = wire;
    this.transport = transport;
    this.connectedAt = context.shard().wallTime();
    this.place = new Place(this, room);
  }

  public final EngineContext engine() {
    return context.engine();
  }

  /** Whether a new connection is announced in a room only after it has asked or stayed. */
  protected final boolean isAnnouncedLater(Place first) {
    return !context.newcomers().areOff() && first.rule.announcementsUpTo() > 0;
  }

  /** Announces this new connection after it has stayed for a while. */
  protected final void announceLater(Runnable announce) {
    context.newcomers().add(announce);
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

  @Override
  public final boolean aside(Consumer<Runnable> turn) {
    if (asideQueue == null) {
      asideQueue = new HookQueue(() -> asideQueue = null);
    }
    if (asideQueue.size() >= MOST_ASIDE) {
      return false;
    }
    asideQueue.add(turn, true);
    return true;
  }

  /** The audience of messages that do not name one; null for all members. */
  public abstract @Nullable Audience audience();

  /**
   * Whether the connection takes no more requests, because it is leaving its rooms or has ended.
   */
  public abstract boolean isGone();

  /** How many bytes wait until the client reads; called on the connection's loop. */
  public int waitingBytes() {
    return 0;
  }

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
   * @param start where the messages begin that the client receives
   * @param live called on the connection's loop when messages begin to arrive; it has to send the
   *     messages that the client missed before it returns
   */
  public final void join(Place member, Start start, Consumer<Room.Arrival> live) {
    join(member, start, true, live);
  }

  /**
   * The same for a new connection.
   *
   * @param isAnnounced false to receive messages only, until the room announces the member
   */
  protected final void join(
      Place member, Start start, boolean isAnnounced, Consumer<Room.Arrival> live) {
    // Queued before the client's next request, which may be to leave.
    Runnable isIn = engine().admission().joining(member);
    int number = member.beginJoin();
    enter(
        member,
        start,
        isAnnounced,
        arrival -> {
          isIn.run();
          member.tellJoined(number);
          live.accept(arrival);
        });
  }

  private void enter(Place member, Start start, boolean isAnnounced, Consumer<Room.Arrival> live) {
    member.in = true;
    Shard there = engine().rooms().shard(member.room);
    there.tell(
        () -> {
          Room room = there.room(member.room);
          if (isAnnounced) {
            room.join(member, start, live);
          } else {
            room.receive(member, start, live);
          }
        });
  }

  /**
   * Leaves a room.
   *
   * @param out called on the connection's loop after all messages that the room sent before
   */
  public final void leave(Place member, Runnable out) {
    if (member.in) {
      engine().admission().left(member);
      member.tellLeft();
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
  public final void move(Place member, Start start, Consumer<Room.Arrival> live) {
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
      enter(member, start, true, live);
    } else {
      join(member, start, live);
    }
  }

  // --- messages --------------------------------------------------------------------------------

  /**
   * Sends a message of server code to the current room.
   *
   * @param to the audience; null for {@link #audience}
   */
  public final void broadcast(
      Json message, @Nullable Audience to, Consumer<RoomOrder.SayResult> told) {
    place.say(message, message, to == null ? audience() : to, null, false, told);
  }

  /**
   * The reason why this client may not send a message that rules and hooks allow: it may have left
   * while hooks were running.
   *
   * @return the refusal; null if the message may be sent
   */
  protected abstract @Nullable String refusalToSpeak(Place speaker);

  /** How many signals the connections of this loop have sent. */
  protected final SignalRates signalRates() {
    return context.signalRates();
  }

  /**
   * Sends a signal to a room, without asking rules.
   *
   * @param place the place there; a member does not receive its own signal
   */
  public final void signal(Place place, Json content, @Nullable String kind) {
    var signal = new Signal(Json.of(id()), user(), kind, content);
    engine().rooms().shard(place.room).signal(place.room, signal, place);
  }

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

  /** Who this connection is, by its login or its tokens for rooms; null without either. */
  public final @Nullable TokenIdentity identity() {
    return identity;
  }

  /**
   * Sets who this connection is. In the rooms that it is in, the former user's connection leaves
   * and the new user's joins.
   */
  final void identify(@Nullable TokenIdentity now) {
    User before = user();
    engine().connections().identify(this, now);
    User after = user();
    if (!Objects.equals(before, after)) {
      for (Place member : places()) {
        if (member.in) {
          engine().rooms().in(member.room, room -> room.identify(member, after), () -> {});
        }
      }
    }
  }

  /** The login of this connection; null without one. */
  public final @Nullable Login login() {
    TokenIdentity now = identity;
    return now == null ? null : now.login();
  }

  /** Removes the connection from a room because its token has expired. */
  public abstract void expire(Place member);

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

  /** Joins or leaves a room, as server code decides; the result is whether it begins to. */
  public abstract void moveByServer(String room, boolean joins, Consumer<Boolean> then);

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
  public final @Nullable User user() {
    Login now = login();
    return now == null ? null : now.user();
  }

  @Override
  public final Map<String, String> attributes() {
    return attributes;
  }

  @Override
  public final void set(String name, @Nullable String value) {
    change(changed -> changed.compute(name, (key, before) -> value));
    if (value != null) {
      lookForBan();
    }
  }

  @Override
  public final CompletionStage<Boolean> join(String room) {
    return OnlineUsers.move(this, room, true);
  }

  @Override
  public final CompletionStage<Boolean> leave(String room) {
    return OnlineUsers.move(this, room, false);
  }

  /** Changes several attributes at once. */
  final synchronized void change(Consumer<Map<String, String>> changes) {
    // Locked, since two threads may set attributes at once. Readers see one snapshot or the next.
    var changed = new HashMap<>(attributes);
    changes.accept(changed);
    Map<String, String> before = attributes;
    attributes = Map.copyOf(changed);
    shard()
        .tellIfRunning(() -> shard().recorder().addWith(EventKind.ATTRIBUTES, this, before, null));
  }

  @Override
  public final String toString() {
    return transport + " " + id() + " from " + remoteAddress();
  }
}
