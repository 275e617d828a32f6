package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply.Heard;
import io.earshot.protocol.RoomMessage;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Wire;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One room: who is in it, the one order of what is told there, and the end of that order for those
 * who come back. It exists while somebody is in it or listens, and a while longer.
 *
 * <p>Owned by the room's event loop. Each event loop with members has its {@link Fanout}, which is
 * told what to do and in which order; since what one loop tells another arrives in order, each
 * member hears an unbroken stretch from its join to its leave. What it has missed before is taken
 * out of the history in the same step that adds it, so that the two meet without a gap and without
 * an overlap.
 */
final class Room {
  private final String name;
  private final Shard shard;
  private final String epoch;
  private final RoomRule rule;
  private final Roster roster = new Roster();
  private final List<Branch> branches = new ArrayList<>(1);

  /** The number of the last message. */
  private long offset;

  /** How many were lost and are waited for. */
  private int awaited;

  /** What the shard's {@link Journal} calls it; 0 while it is not in there. */
  private int number;

  private @Nullable History history;
  private @Nullable Repeats repeats;

  /** Who waits for what is told next without hearing the room; null for nobody. */
  private @Nullable Set<Waiter> waiters;

  Room(String name, Shard shard, String epoch, RoomRule rule) {
    this.name = name;
    this.shard = shard;
    this.epoch = epoch;
    this.rule = rule;
  }

  /** A fan-out, and how many hear through it. */
  private static final class Branch {
    final Fanout fanout;
    int hearers;

    Branch(Fanout fanout) {
      this.fanout = fanout;
    }
  }

  /** A message as JSON, and where in the order it is. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Told(byte[] json, Cursor place) {}

  /**
   * What somebody finds who begins to hear a room.
   *
   * @param heard what they are answered
   * @param missed what they are to hear first
   */
  record Arrival(Heard heard, List<Told> missed) {}

  String name() {
    return name;
  }

  Cursor cursor() {
    return new Cursor(epoch, offset);
  }

  /** Whether nobody is in it or hears it, or waits for what it tells. */
  boolean isEmpty() {
    return waiters == null && isForsaken();
  }

  private boolean isForsaken() {
    return branches.isEmpty() && roster.size() == 0 && awaited == 0;
  }

  // --- who comes and goes ----------------------------------------------------------------------

  /**
   * Lets a connection in. Once {@code live} runs, on the connection's loop, it hears all that is
   * told.
   *
   * @param after what it knows of this room already, or null
   */
  void join(Member member, @Nullable Cursor after, Consumer<Arrival> live) {
    boolean heard = member.listens;
    Past past = past(after, member, heard);
    member.joined = true;
    roster.add(member);
    if (shard.announces(roster.size())) {
      announce("I have entered the room", Json.of(member.connection.id()), member);
    }
    hear(member, heard, past, live);
  }

  void listen(Member member, @Nullable Cursor after, Consumer<Arrival> live) {
    boolean heard = member.joined;
    Past past = past(after, member, heard);
    member.listens = true;
    hear(member, heard, past, live);
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
    // Asked before it is out, since it may be somebody else from then on.
    Json who = shard.announces(count) ? Json.of(member.connection.id()) : null;
    unhear(member, member.listens, out);
    if (who != null) {
      announce("I have left the room", who, member);
    }
    closeIfEmpty();
  }

  void silence(Member member, Runnable out) {
    if (!member.listens) {
      member.connection.tell(out);
      return;
    }
    member.listens = false;
    unhear(member, member.joined, out);
    closeIfEmpty();
  }

  /** Keeps the place of somebody who was lost, and tells them nothing until they are back. */
  void detach(Member member) {
    if (member.joined || member.listens) {
      unhear(member, false, () -> {});
      member.away = true;
      awaited++;
      member.since = offset;
    }
  }

  /**
   * Gives the place of somebody who was lost to who they are now. Nobody is told: they were never
   * gone.
   */
  void replace(Member lost, Member back, @Nullable Cursor after, Consumer<Arrival> live) {
    long since = lost.away ? lost.since : offset;
    Past past = past(after == null ? new Cursor(epoch, since) : after, back, false);
    unhear(lost, false, () -> {});
    back.joined = lost.joined;
    back.listens = lost.listens;
    if (lost.joined) {
      roster.replace(lost, back);
    }
    lost.joined = false;
    lost.listens = false;
    // What was on its way when the connection broke is known to nobody here: who gives no cursor is
    // told what came later, and not that this is all.
    hear(back, false, after != null ? past : new Past(past.missed, past.since, false), live);
  }

  /**
   * What somebody has missed.
   *
   * @param missed the messages for them
   * @param since up to where they know the room, before those
   * @param recovered whether these are all since the cursor that they gave; null if they gave none
   */
  private record Past(List<Told> missed, long since, @Nullable Boolean recovered) {}

  private Past past(@Nullable Cursor after, Member member, boolean hears) {
    if (after == null) {
      return new Past(List.of(), offset, null);
    }
    boolean isOurs = after.epoch().equals(epoch) && after.offset() <= offset;
    if (hears) {
      return new Past(List.of(), member.since, isOurs && after.offset() >= member.since);
    }
    if (!remembersSince(after)) {
      return new Past(List.of(), offset, false);
    }
    long missing = offset - after.offset();
    return new Past(
        history == null ? List.of() : history.after(after, missing, member.connection),
        after.offset(),
        true);
  }

  /** Lets a member hear, if it does not already. */
  private void hear(Member member, boolean alreadyDoes, Past past, Consumer<Arrival> live) {
    var arrival = new Arrival(new Heard(name, cursor(), past.recovered), past.missed);
    if (alreadyDoes) {
      member.connection.tell(() -> live.accept(arrival));
      return;
    }
    member.since = past.recovered != null && past.recovered ? past.since : offset;
    Branch branch = branch(member.connection.shard(), member.connection.wire());
    branch.hearers++;
    member.connection.tell(
        () -> {
          branch.fanout.add(member);
          live.accept(arrival);
        });
  }

  /** Whether nothing is missing between a cursor and now. */
  private boolean remembersSince(Cursor after) {
    return after.epoch().equals(epoch)
        && after.offset() <= offset
        && offset - after.offset() <= (history == null ? 0 : remembered(history));
  }

  private int remembered(History remembers) {
    shard.remembered(-remembers.forget(shard.now()));
    return remembers.size();
  }

  private void unhear(Member member, boolean stillDoes, Runnable out) {
    if (!stillDoes && member.away) {
      member.away = false;
      awaited--;
      member.connection.tell(out);
      return;
    }
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
    }
  }

  private Branch branch(Shard home, Wire wire) {
    for (Branch branch : branches) {
      if (branch.fanout.is(home, wire)) {
        return branch;
      }
    }
    var branch = new Branch(new Fanout(home, wire, rule));
    branches.add(branch);
    return branch;
  }

  /** Is forgotten, now or after a while, if nobody needs it. */
  void closeIfEmpty() {
    if (isEmpty()) {
      shard.emptied(this);
    }
  }

  // --- what is told ----------------------------------------------------------------------------

  private void announce(String what, Json who, Member mover) {
    deliver(Json.of(what), who, mover, null, false);
  }

  /**
   * Tells what a member says, unless it was said before.
   *
   * @param messageId what the client calls it, or null
   * @return where in the order it is
   */
  Cursor say(Member speaker, Json message, @Nullable Audience audience, @Nullable Json messageId) {
    String id = speaker.connection.id();
    return say(id, speaker, message, audience, id, messageId);
  }

  /**
   * The same for somebody who need not be a member.
   *
   * @param id the speaker's id
   * @param except who is not to hear it, or null
   * @param namer among whose message ids this one is
   */
  Cursor say(
      String id,
      @Nullable Member except,
      Json message,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId) {
    if (messageId == null || shard.repeatWindow() == 0) {
      deliver(message, Json.of(id), except, audience);
      return cursor();
    }
    if (repeats == null) {
      repeats = new Repeats(shard.repeatWindow());
    }
    Long first = repeats.find(namer, messageId, message, shard.now());
    if (first != null) {
      return new Cursor(epoch, first);
    }
    deliver(message, Json.of(id), except, audience);
    repeats.add(namer, messageId, message, offset, shard.now());
    return cursor();
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
    deliver(message, from, except, audience, true);
  }

  /** The same. Who came and went where nobody has said a word yet is not worth remembering. */
  private void deliver(
      Json message,
      Json from,
      @Nullable Member except,
      @Nullable Audience audience,
      boolean isSaid) {
    offset++;
    shard.countMessage();
    long now = shard.now();
    Cursor place = cursor();
    byte[] json = new RoomMessage(message, name, from, now, place).encode();
    if (history == null && isSaid && rule.historyMessages() > 0) {
      history = new History(rule);
    }
    if (history != null) {
      String speaker = except != null && from instanceof Json.Text(String id) ? id : null;
      remember(history, new History.Entry(json, now, speaker, audience));
    }
    shard.write(this, now);
    String kind = rule.kind(message);
    for (int i = branches.size() - 1; i >= 0; i--) {
      Fanout fanout = branches.get(i).fanout;
      fanout.shard().tell(() -> fanout.append(json, place, except, audience, kind));
    }
    if (waiters != null && audience == null) {
      for (Waiter waiter : List.copyOf(waiters)) {
        waiter.tell(new Excerpt(name, List.of(json), place, waiter.recovered()));
      }
    }
  }

  // --- who reads it without being in it --------------------------------------------------------

  /**
   * What it told that is for everybody: after a cursor the first messages, without one the last.
   *
   * @param limit at most so many
   * @param bytes at most so long together, unless a single one is longer
   */
  Excerpt read(@Nullable Cursor after, int limit, int bytes) {
    if (after != null && !remembersSince(after)) {
      return new Excerpt(name, List.of(), cursor(), false);
    }
    List<Told> all = List.of();
    if (history != null && remembered(history) > 0) {
      all = history.forAll(cursor(), after == null ? 0 : after.offset());
    }
    int size = 0;
    long length = 0;
    for (Told told : after == null ? all.reversed() : all) {
      length += told.json.length + 1;
      if (size == limit || (size > 0 && length > bytes)) {
        break;
      }
      size++;
    }
    boolean more = after != null && size < all.size();
    List<Told> some =
        after == null ? all.subList(all.size() - size, all.size()) : all.subList(0, size);
    return new Excerpt(
        name,
        some.stream().map(Told::json).toList(),
        more ? some.getLast().place : cursor(),
        after == null ? null : true);
  }

  void add(Waiter waiter) {
    if (waiters == null) {
      waiters = new LinkedHashSet<>();
    }
    waiters.add(waiter);
  }

  void remove(Waiter waiter) {
    if (waiters != null && waiters.remove(waiter) && waiters.isEmpty()) {
      waiters = null;
      closeIfEmpty();
    }
  }

  /** What somebody is answered who has waited in vain. */
  Excerpt nothing(@Nullable Boolean recovered) {
    // Where nobody but those who wait keeps the room, a cursor would mean nothing afterwards.
    boolean stays = !isForsaken() || keptFor() > 0;
    return new Excerpt(name, List.of(), stays ? cursor() : null, recovered);
  }

  // --- what it remembers -----------------------------------------------------------------------
  private void remember(History remembers, History.Entry entry) {
    shard.remembered(remembers.add(entry, shard.now(), shard.spareHistory()));
  }

  /** Takes over what this room was before the server was started. */
  void recover(Recovery.Remembered before) {
    offset = before.offset;
    history = new History(rule);
    for (History.Entry entry : before.entries) {
      remember(history, entry);
    }
    forget(shard.now());
  }

  int number() {
    return number;
  }

  void number(int given) {
    number = given;
  }

  @Nullable History history() {
    return history;
  }

  /** Forgets messages that are too old. */
  void forget(long now) {
    if (history != null) {
      shard.remembered(-history.forget(now));
      if (history.size() == 0) {
        history = null;
      }
    }
  }

  /** Forgets all messages, since the room itself is forgotten. */
  void forgetAll() {
    if (history != null) {
      shard.remembered(-history.bytes());
      history = null;
    }
  }

  /** How long to remember this room when nobody is in it, in milliseconds. */
  long keptFor() {
    return Math.max(
        history == null && number == 0 ? 0 : rule.historyAge(),
        repeats == null ? 0 : shard.repeatWindow());
  }

  /**
   * The member of this id, or null. Looks at each: only what server code says under an id of its
   * choice asks.
   */
  @Nullable Member memberWithId(Json id) {
    return id instanceof Json.Text(String text) ? roster.withId(text) : null;
  }

  RoomStatus status() {
    return new RoomStatus(name, roster.ids(), cursor());
  }
}
