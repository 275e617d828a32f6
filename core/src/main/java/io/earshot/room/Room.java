package io.earshot.room;

import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.config.RoomRule;
import io.earshot.history.RoomLog;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Reply.Heard;
import io.earshot.protocol.RoomMessage;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Pace;
import io.earshot.spi.Refusal;
import io.earshot.spi.Wire;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
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
public final class Room {
  public static final String ENTERED = "I have entered the room";
  public static final String LEFT = "I have left the room";

  private final String name;
  private final Shard shard;
  private final RoomRule rule;
  private final Roster roster = new Roster();
  private final List<Branch> branches = new ArrayList<>(1);

  private final RoomLog log;

  /** Who says what comes next. */
  private final RoomOrder order;

  /** How many were lost and are waited for. */
  private int awaited;

  /** What clients said here, as a {@link Pace} has it. */
  private long paidBy;

  /** Who waits for what is told next without hearing the room; null for nobody. */
  private @Nullable Set<LongPoll> polls;

  /**
   * A room that nobody is in yet.
   *
   * @param epoch what its order is called; empty with a cluster, which says so
   */
  Room(String name, Shard shard, String epoch, RoomRule rule, RoomOrders orders) {
    this.name = name;
    this.shard = shard;
    this.rule = rule;
    this.log = new RoomLog(name, epoch, rule, shard.budget());
    this.order = orders.of(this);
  }

  /** A fan-out, and how many hear through it. */
  private static final class Branch {
    final Fanout fanout;
    int subscribers;

    Branch(Fanout fanout) {
      this.fanout = fanout;
    }
  }

  /**
   * What somebody finds who begins to hear a room.
   *
   * @param heard what they are answered
   * @param missed what they are to hear first
   */
  public record Arrival(Heard heard, List<StoredMessage> missed) {}

  public String name() {
    return name;
  }

  public RoomRule rule() {
    return rule;
  }

  public Shard shard() {
    return shard;
  }

  public RoomLog log() {
    return log;
  }

  public RoomOrder order() {
    return order;
  }

  public Cursor cursor() {
    return log.cursor();
  }

  /** The end of its order, or null while that is not known here. */
  public @Nullable Cursor end() {
    return log.end();
  }

  /** Whether nobody is in it or hears it, or waits for what it tells. */
  boolean isEmpty() {
    return polls == null && isForsaken() && !order.isBusy();
  }

  /** Whether somebody hears it. */
  public boolean isHeard() {
    return !branches.isEmpty();
  }

  /** Whether somebody is in it, hears it, or is waited for. */
  public boolean hasPeople() {
    return !isForsaken() || order.isBusy();
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
  public void join(Member member, @Nullable Cursor after, Consumer<Arrival> live) {
    // The server that an HTTP client asks was told that it is theirs.
    order.join(member, after, live, member.connection.transport() == Transport.WEB);
  }

  /** Puts somebody into the list of those who are here. */
  public void enroll(Member member) {
    member.joined = true;
    roster.add(member);
  }

  public void listen(Member member, @Nullable Cursor after, Consumer<Arrival> live) {
    order.listen(member, after, live);
  }

  /**
   * Lets a member out. Once {@code out} runs, on the connection's loop, it has heard all that was
   * told before.
   */
  public void leave(Member member, Runnable out) {
    if (!member.joined) {
      member.connection.tell(out);
      return;
    }
    member.joined = false;
    int count = roster.size();
    roster.remove(member);
    order.leave(member, count, out);
  }

  public void silence(Member member, Runnable out) {
    if (!member.listens) {
      member.connection.tell(out);
      return;
    }
    member.listens = false;
    order.silence(member, out);
  }

  /** Keeps the place of somebody who was lost, and tells them nothing until they are back. */
  public void detach(Member member) {
    if (!member.away && (member.joined || member.listens)) {
      stopHearing(member, () -> {});
      member.away = true;
      awaited++;
      member.since = log.offset();
    }
  }

  /**
   * Gives the place of somebody who was lost to who they are now. Nobody is told: they were never
   * gone.
   */
  public void replace(Member lost, Member back, @Nullable Cursor after, Consumer<Arrival> live) {
    long since = lost.away ? lost.since : log.offset();
    Past past = past(after == null ? new Cursor(log.epoch(), since) : after, back);
    back.joined = lost.joined;
    back.listens = lost.listens;
    back.isListed = lost.isListed;
    back.isForgotten = lost.isForgotten;
    back.takes = lost.takes;
    if (lost.joined) {
      roster.replace(lost, back);
    }
    lost.joined = false;
    lost.listens = false;
    unhear(lost, () -> {});
    order.replaced(lost, back);
    // What was on its way when the connection broke is known to nobody here: who gives no cursor is
    // told what came later, and not that this is all.
    hear(back, after != null ? past : new Past(past.missed, past.since, false), live);
  }

  /**
   * Gives up the place of somebody who has come back on another server. Nobody is told.
   *
   * @return up to where they know the room
   */
  public Cursor surrender(Member member) {
    var known = new Cursor(log.epoch(), member.away ? member.since : log.offset());
    if (member.joined) {
      roster.remove(member);
    }
    member.joined = false;
    member.listens = false;
    unhear(member, () -> {});
    closeIfEmpty();
    return known;
  }

  /**
   * Lets in somebody who has come back from another server. Nobody is told.
   *
   * @param isIn whether they are a member
   * @param listens whether they listen
   * @param after what they say that they know of the room, or null
   * @param known what the other server says, or null
   */
  public void settle(
      Member member,
      boolean isIn,
      boolean listens,
      @Nullable Cursor after,
      @Nullable Cursor known,
      Consumer<Arrival> live) {
    if (!order.isShared()) {
      throw new IllegalStateException("nobody comes from another server where there is none");
    }
    // As for who comes back here: who gives no cursor is not told that this is all.
    Consumer<Arrival> arrived =
        after != null
            ? live
            : arrival ->
                live.accept(
                    new Arrival(new Heard(name, arrival.heard.cursor(), false), arrival.missed));
    Cursor since = after != null ? after : known;
    member.listens = listens;
    if (isIn) {
      order.join(member, since, arrived, true);
    } else {
      order.listen(member, since, arrived);
    }
  }

  /**
   * What somebody has missed.
   *
   * @param missed the messages for them
   * @param since up to where they know the room, before those
   * @param recovered whether these are all since the cursor that they gave; null if they gave none
   */
  public record Past(List<StoredMessage> missed, long since, @Nullable Boolean recovered) {}

  public Past past(@Nullable Cursor after, Member member) {
    if (after == null) {
      return new Past(List.of(), log.offset(), null);
    }
    if (member.hears) {
      return new Past(List.of(), member.since, log.isOurs(after) && after.offset() >= member.since);
    }
    if (!log.remembersSince(after, shard.now())) {
      return new Past(List.of(), log.offset(), false);
    }
    Subscriber subscriber = member.connection;
    return new Past(
        log.after(after, each -> subscriber.isFor(each.speaker(), each.audience())),
        after.offset(),
        true);
  }

  /** Lets a member hear, if it does not already. */
  void hear(Member member, Past past, Consumer<Arrival> live) {
    hear(member, past, end(), live);
  }

  /**
   * The same, answered with another place than the end of the order.
   *
   * @param place after which all is told, or null where there is no order yet
   */
  public void hear(Member member, Past past, @Nullable Cursor place, Consumer<Arrival> live) {
    var arrival = new Arrival(new Heard(name, place, past.recovered), past.missed);
    // With a cluster they may have gone, or been lost, while the others were asked.
    if (member.hears || member.away || !(member.joined || member.listens)) {
      member.connection.tell(() -> live.accept(arrival));
      return;
    }
    if (member.listens) {
      order.listens(member);
    }
    member.hears = true;
    member.since = past.since;
    Branch branch = branch(member.connection.shard(), member.connection.wire());
    branch.subscribers++;
    member.connection.tell(
        () -> {
          branch.fanout.add(member);
          live.accept(arrival);
        });
  }

  /** Lets a member hear no more, if it is not there in another way still. */
  public void unhear(Member member, Runnable out) {
    if (member.joined || member.listens) {
      member.connection.tell(out);
    } else if (member.away) {
      member.away = false;
      awaited--;
      member.connection.tell(out);
    } else {
      stopHearing(member, out);
    }
  }

  /**
   * Lets a member that has left hear no more, unless it listens. If it is to come in again already,
   * it hears anew then, after it was answered from where on.
   */
  public void unhearLeft(Member member, Runnable out) {
    if (member.joined && member.comesIn && !member.listens && !member.away) {
      stopHearing(member, out);
    } else {
      unhear(member, out);
    }
  }

  private void stopHearing(Member member, Runnable out) {
    if (!member.hears) {
      member.connection.tell(out);
      return;
    }
    order.forget(member);
    member.hears = false;
    Branch branch = branch(member.connection.shard(), member.connection.wire());
    member.connection.tell(
        () -> {
          branch.fanout.remove(member);
          out.run();
        });
    if (--branch.subscribers == 0) {
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
  public void closeIfEmpty() {
    if (isEmpty()) {
      shard.emptied(this);
    }
  }

  // --- what is told ----------------------------------------------------------------------------

  /**
   * What became of something that was to be said.
   *
   * @param place its place in the room's order; null if it has none
   * @param refusal why it was not said, in words for who said it; null if it was
   */
  public record Spoken(@Nullable Cursor place, @Nullable String refusal) {

    /** Tells whoever waits for it. */
    public void tell(CompletableFuture<Void> told) {
      if (refusal == null) {
        told.complete(null);
      } else {
        told.completeExceptionally(new RefusedException(refusal));
      }
    }
  }

  /**
   * What somebody wants to say.
   *
   * @param message what
   * @param audience whom it is for, or null for all
   * @param namer among whose message ids {@code messageId} is
   * @param messageId what the client calls it, so that it is told once however often it is said; or
   *     null
   * @param words what the client said, by which it is known again, whatever a hook made of it
   * @param isClients whether a client says it, rather than server code
   */
  public record Saying(
      Json message,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId,
      Json words,
      boolean isClients) {}

  /** Why clients may not say one thing more at this moment; null if they may. */
  private @Nullable String tooMany() {
    Pace pace = new Pace(rule.messagesPerSecond(), rule.messageBurst());
    long now = pace.isOff() ? 0 : shard.now();
    long spent = pace.spend(paidBy, now, 1);
    long wait = pace.overdrawn(spent, now);
    if (wait == 0) {
      paidBy = spent;
      return null;
    }
    shard.count(Refusal.ROOM_MESSAGES);
    return "Error: too many messages in this room; try again in " + wait + " ms";
  }

  /** Tells what a member says, unless it was said before; what became of it is told once known. */
  public void say(Member speaker, Saying saying, Consumer<Spoken> told) {
    say(Json.of(speaker.connection.id()), speaker, saying, told);
  }

  /**
   * The same for somebody who need not be a member.
   *
   * @param from who says it
   * @param except who is not to hear it, or null
   */
  public void say(Json from, @Nullable Member except, Saying saying, Consumer<Spoken> told) {
    String refusal = saying.isClients ? tooMany() : null;
    if (refusal != null) {
      told.accept(new Spoken(null, refusal));
    } else {
      order.say(from, except, saying, told);
    }
  }

  /** The same for somebody who may be in it: who has this id is not to hear it. */
  public void sayAsStranger(Json from, Saying saying, boolean ifThere, Consumer<Spoken> told) {
    String refusal = saying.isClients ? tooMany() : null;
    if (refusal != null) {
      told.accept(new Spoken(null, refusal));
    } else {
      order.sayAsStranger(from, saying, ifThere, told);
    }
  }

  /**
   * Tells a message to all who hear this room, as the next in its order.
   *
   * @param except who is not to hear it, or null
   * @param isSaid whether it is more than who came and went, which is not worth remembering where
   *     nobody has said a word yet
   */
  void deliver(
      Json message,
      Json from,
      @Nullable Member except,
      @Nullable Audience audience,
      boolean isSaid) {
    String speaker = except != null && from instanceof Json.Text(String id) ? id : null;
    log.advance();
    tell(message, from, shard.now(), speaker, except, audience, isSaid);
  }

  /** Tells a message that has its place, next after the last. */
  public void tell(Post post, Cursor place, @Nullable Member except) {
    begin(place.epoch(), place.offset());
    tell(post.message(), post.from(), post.sentAt(), post.except(), except, post.audience(), true);
  }

  private void tell(
      Json message,
      Json from,
      long sentAt,
      @Nullable String speaker,
      @Nullable Member except,
      @Nullable Audience audience,
      boolean isSaid) {
    shard.countMessage();
    Cursor place = cursor();
    byte[] json = new RoomMessage(message, name, from, sentAt, place).encode();
    log.remember(json, sentAt, speaker, audience, isSaid, shard.now());
    shard.write(log, sentAt);
    append(json, except, audience, rule.kind(message));
    if (polls != null && audience == null) {
      for (LongPoll poll : List.copyOf(polls)) {
        poll.tell(new Excerpt(name, List.of(json), place, poll.recovered()));
      }
    }
  }

  private void append(
      byte[] json, @Nullable Member except, @Nullable Audience audience, @Nullable String kind) {
    Cursor place = cursor();
    for (int i = branches.size() - 1; i >= 0; i--) {
      Fanout fanout = branches.get(i).fanout;
      fanout.shard().tell(() -> fanout.append(json, place, except, audience, kind));
    }
  }

  /** Is at a place in an order, from which on it tells. */
  public void begin(String epoch, long at) {
    log.begin(epoch, at);
  }

  public byte[] encoded(Post post, Cursor place) {
    return new RoomMessage(post.message(), name, post.from(), post.sentAt(), place).encode();
  }

  /** Remembers a message that was told before this server heard the room. */
  public void recall(Post post, Cursor place) {
    begin(place.epoch(), place.offset());
    log.remember(
        encoded(post, place), post.sentAt(), post.except(), post.audience(), true, shard.now());
  }

  /**
   * Tells those who hear it that some of what it told is not to be had any more.
   *
   * @param from the first of the order that is missing
   */
  public void tellGap(long from) {
    long to = log.offset();
    append(Lag.notice(name, log.epoch(), from, to, to - from + 1).encode(), null, null, null);
  }

  // --- who reads it without being in it --------------------------------------------------------

  /**
   * What it told that is for everybody: after a cursor the first messages, without one the last.
   *
   * @param limit at most so many
   * @param bytes at most so long together, unless a single one is longer
   */
  public Excerpt read(@Nullable Cursor after, int limit, int bytes) {
    if (after != null && !log.remembersSince(after, shard.now())) {
      return new Excerpt(name, List.of(), end(), false);
    }
    List<StoredMessage> all = log.forAll(after == null ? 0 : after.offset(), shard.now());
    int size = 0;
    long length = 0;
    for (StoredMessage told : after == null ? all.reversed() : all) {
      length += told.json().length + 1;
      if (size == limit || (size > 0 && length > bytes)) {
        break;
      }
      size++;
    }
    boolean more = after != null && size < all.size();
    List<StoredMessage> some =
        after == null ? all.subList(all.size() - size, all.size()) : all.subList(0, size);
    return new Excerpt(
        name,
        some.stream().map(StoredMessage::json).toList(),
        more ? some.getLast().place() : end(),
        after == null ? null : true);
  }

  void add(LongPoll poll) {
    if (polls == null) {
      polls = new LinkedHashSet<>();
    }
    polls.add(poll);
  }

  void remove(LongPoll poll) {
    if (polls != null && polls.remove(poll) && polls.isEmpty()) {
      polls = null;
      closeIfEmpty();
    }
  }

  /** What somebody is answered who has waited in vain. */
  Excerpt nothing(@Nullable Boolean recovered) {
    // Where nobody but those who wait keeps the room, a cursor would mean nothing afterwards.
    boolean stays = order.isShared() || !isForsaken() || keptFor() > 0;
    return new Excerpt(name, List.of(), stays ? end() : null, recovered);
  }

  /** How long to remember this room when nobody is in it, in milliseconds. */
  long keptFor() {
    return order.keptFor();
  }

  /** Who is in it, in the order in which they came; with a cluster, those of this server. */
  public Roster roster() {
    return roster;
  }

  RoomStatus status() {
    return new RoomStatus(name, roster.ids(), cursor());
  }
}
