package io.earshot.connection;

import io.earshot.Connection;
import io.earshot.Grant;
import io.earshot.Measure;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.access.AccessPolicy;
import io.earshot.access.Tokens;
import io.earshot.config.Access;
import io.earshot.hook.HookQueue;
import io.earshot.hook.HookSubject;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.room.MessageIds;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.room.Subscriber;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who is in a room: what rooms know of a connection, whatever it came by.
 *
 * <p>Owned by the connection's event loop. What {@link Connection} offers to other threads is
 * final, volatile, or told to the loop.
 */
public abstract class Participant extends Subscriber implements HookSubject {
  private final LoopContext context;
  private final Wire wire;
  private final Transport transport;
  private final long connectedAt;
  private volatile Map<String, String> attributes = Map.of();
  private volatile Place place;

  /** What it waits for hooks to answer; null while it does not. */
  private @Nullable HookQueue line;

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

  final LoopContext context() {
    return context;
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

  /** What {@link Directory#hash} says of its id. */
  public abstract int idHash();

  @Override
  public final boolean isAsking() {
    return line != null;
  }

  @Override
  public final void inTurn(Consumer<Runnable> turn, boolean isNews) {
    if (line == null) {
      line = new HookQueue(() -> line = null); // most never need it again
    }
    line.add(turn, isNews);
  }

  /** Whom the words of this connection are aimed at while nobody says otherwise; null for all. */
  public abstract @Nullable Audience audience();

  // --- rooms -----------------------------------------------------------------------------------

  /** Its place in the room that it is in. */
  public final Place place() {
    return place;
  }

  public final void moveTo(Place member) {
    place = member;
  }

  /**
   * Joins a room.
   *
   * @param after what it knows of the room already, or null
   * @param live called on its loop; what it missed it is to hear at once
   */
  public final void join(Place member, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    // Before what it asks next, which may be to leave.
    Runnable isIn = engine().admission().joins(member);
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

  /** Leaves a room. Once {@code out} runs, it has heard all that was told there before. */
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

  /** Leaves its room for another, or enters anew one where it is already: for hooks it stays. */
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

  /**
   * Says something in one of its rooms.
   *
   * @param messageId what the client calls it, so that it is told once however often it is said
   * @param words what the client said, which may not be the message
   * @param isClients whether the client says it, rather than server code in its name
   * @param told called on its loop with what became of it
   */
  public final void tellRoom(
      Place member,
      Json message,
      Json words,
      @Nullable Audience audience,
      @Nullable Json messageId,
      boolean isClients,
      Consumer<Room.Spoken> told) {
    engine()
        .rooms()
        .in(
            member.room,
            room ->
                room.say(
                    member,
                    new Room.Saying(
                        message, audience, namer(messageId), messageId, words, isClients),
                    spoken -> tell(() -> told.accept(spoken))),
            () -> tell(() -> told.accept(new Room.Spoken(null, null))));
  }

  // --- tokens ----------------------------------------------------------------------------------

  /** How long at most nobody looks whether a token still holds, in milliseconds. */
  private static final long LOOK = 60_000;

  /** Who it is by its tokens; null if they do not say. */
  private @Nullable Known known;

  /**
   * Who somebody is by their tokens.
   *
   * @param until until when, in milliseconds
   * @param look by which a timer knows that it is still the one that looks after it
   */
  public record Known(String name, long until, Object look) {
    public Known(String name, long until) {
      this(name, until, new Object());
    }
  }

  /** Notes by what a member was let in, and sees to it that it goes when that ends. */
  public final void accept(Place member, @Nullable Grant grant) {
    if (grant == null || grant.equals(member.grant)) {
      return;
    }
    Grant before = member.grant;
    // Who is there in two ways, by two tokens, is there for as long as both hold.
    Grant now = before != null && member.in && member.listening ? Place.both(before, grant) : grant;
    member.grant = now;
    isKnownBy(grant);
    Place.Watch watch = member.watch;
    if (watch == null) {
      watch(member);
    } else if (now.until().toEpochMilli() < watch.next()) {
      watch(member); // sooner than it would be looked at
    }
  }

  /** In steps, so that nobody who is gone is remembered for as long as their token holds. */
  private void watch(Place member) {
    Grant grant = member.grant;
    if (grant == null || !(member.in || member.listening) || isGone()) {
      member.watch = null;
      return;
    }
    long left = grant.until().toEpochMilli() - shard().now();
    if (left <= 0) {
      member.watch = null;
      if (isHereBy(member)) {
        expire(member);
      }
      return;
    }
    Place.Watch before = member.watch;
    long calm = left - engine().config().tokens().warning().toMillis();
    boolean isWarned = before != null && before.warnedOf() == grant;
    if (calm <= 0 && !isWarned && isHereBy(member)) {
      send(notice(member.room, "expiring", grant.until().toEpochMilli()).encode());
    }
    long wait = Math.min(calm <= 0 ? left : calm, LOOK);
    var now = new Place.Watch(shard().now() + wait, calm <= 0 ? grant : null);
    member.watch = now;
    shard()
        .schedule(
            () -> {
              if (member.watch == now) {
                watch(member);
              }
            },
            wait);
  }

  /** Whether a member is where nobody is without a token. */
  private static boolean isHereBy(Place member) {
    return (member.in && member.rule.join() == Access.Common.TOKEN)
        || (member.listening && member.rule.listen() == Access.Common.TOKEN);
  }

  /** It is known who this is, for as long as a token says so, wherever it goes meanwhile. */
  private void isKnownBy(Grant grant) {
    if (grant.identity().isEmpty()) {
      return;
    }
    long until = grant.until().toEpochMilli();
    Known before = known;
    if (before != null && before.name.equals(grant.identity())) {
      known = new Known(before.name, Math.max(before.until, until), before.look);
    } else {
      isKnownAs(new Known(grant.identity(), until));
    }
  }

  /** Who it is by its tokens, for whoever comes back as this one; null if they do not say. */
  public final @Nullable Known known() {
    return known;
  }

  /** It is somebody from now on, for as long as the token says by which it is known. */
  public final void isKnownAs(Known now) {
    known = new Known(now.name, now.until); // and another timer looks after it
    set(Grant.IDENTITY, now.name);
    forgetWhenOver();
  }

  private void forgetWhenOver() {
    Known now = known;
    if (now == null || isGone()) {
      return;
    }
    long left = now.until - shard().now();
    if (left > 0) {
      shard()
          .schedule(
              () -> {
                if (known != null && known.look == now.look) {
                  forgetWhenOver();
                }
              },
              Math.min(left, LOOK));
      return;
    }
    known = null;
    if (now.name.equals(attributes.get(Grant.IDENTITY))) {
      set(Grant.IDENTITY, null);
    }
    for (Place member : members()) {
      if ((member.in && isForWhoWas(now, member.rule.join()))
          || (member.listening && isForWhoWas(now, member.rule.listen()))) {
        putOut(member, notice(member.room, "expired", null), Tokens.EXPIRED);
      }
    }
  }

  private static boolean isForWhoWas(Known known, Access access) {
    return access instanceof Access.Attribute(String name, String value)
        && name.equals(Grant.IDENTITY)
        && value.equals(known.name);
  }

  /** Something that it asked costs as much as so many messages. */
  public void charge(int messages) {}

  /** What is to be said about the token by which it is in a room. */
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

  /** The token by which a member is in its room has ended. */
  public abstract void expire(Place member);

  // --- who has to go ---------------------------------------------------------------------------

  /**
   * Sends it out of a room, in whatever way it is there: to the default room, if it was in this one
   * alone.
   *
   * @param notice what it is told
   * @param reason why, if it has to be sent away altogether
   */
  final void putOut(String room, Json notice, String reason) {
    for (Place member : members()) {
      if (member.room.equals(room)) {
        putOut(member, notice, reason);
      }
    }
  }

  public abstract void putOut(Place member, Json notice, String reason);

  /** Leaves its rooms without another word: nobody speaks for it any more. */
  public abstract void leaveForGood();

  /** Sends it away at once, for good. */
  public abstract void expel(String reason);

  /** Its places in rooms, the current one first. */
  public abstract List<Place> members();

  /**
   * Shows a newer token for the rooms that it is for.
   *
   * @throws RefusedException if it is of no use; the message says why
   */
  public final Reply.Refreshed refresh(String token) throws RefusedException {
    Admission admission = engine().admission();
    Grant newer = admission.tokens().check(token, Instant.ofEpochMilli(engine().now()));
    var rooms = new ArrayList<String>();
    for (Place member : members()) {
      if (newer.isFor(member.room) && (member.in || member.listening)) {
        for (Permission what : Permission.values()) {
          boolean isNeeded =
              switch (what) {
                case JOIN -> member.in;
                case LISTEN -> member.listening;
                case SAY -> false;
              };
          AccessPolicy.Verdict verdict = isNeeded ? admission.check(member, what, token) : null;
          if (verdict != null && verdict.refusal() != null) {
            throw new RefusedException(verdict.refusal());
          }
        }
        rooms.add(member.room);
        member.grant = null; // by this one it is there in every way, so no other counts any more
        accept(member, newer);
      }
    }
    if (rooms.isEmpty()) {
      throw new RefusedException("Error: you are in no room that this token is for");
    }
    return new Reply.Refreshed(rooms, newer.until().toEpochMilli());
  }

  /** Sends something that is not of a room. */
  public final void send(byte[] json) {
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(json.length + 16);
    try {
      wire().frame(json, null, buffer);
      deliver(buffer, buffer.readerIndex(), buffer.readableBytes());
    } finally {
      buffer.release();
    }
  }

  /**
   * Among whose names a message's is; nobody's if it has none, since putting an id into words
   * costs.
   */
  private String namer(@Nullable Json messageId) {
    return messageId == null || MessageIds.isUnique(messageId) ? "" : id();
  }

  /** Whether it is over, so that nobody speaks for it any more. */
  public abstract boolean isGone();

  /**
   * Says something in its room as server code asks; to whom, {@link #audience} says unless that
   * does.
   */
  public final void broadcast(Json message, @Nullable Audience to, Consumer<Room.Spoken> told) {
    tellRoom(place, message, message, to == null ? audience() : to, null, false, told);
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

  /** Something was said of it that may make it one of those who are banned. */
  public final void lookForBan() {
    Measure ban = engine().moderation().ban(this);
    if (ban != null) {
      // Later: who is being let in is told so, and not let in first.
      shard().later(() -> expel(ban.words()));
    }
  }

  /** It has places that it did not ask for now: out of those that are closed it goes. */
  public final void leaveClosedRooms() {
    for (Place member : members()) {
      Measure closure = engine().moderation().closure(member.room);
      if (closure != null) {
        putOut(member.room, Moderator.notice(closure), closure.words());
      }
    }
  }

  private synchronized void change(String name, @Nullable String value) {
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
