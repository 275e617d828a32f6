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
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.RoomMessage;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Pace;
import io.earshot.spi.Refusal;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One room: its members, the one order of its messages, and the last messages for clients that
 * resume. A room exists while it has a member or listener, and for a while after that.
 *
 * <p>Each message passes through three parts of the room: {@link RoomOrder} assigns its place in
 * the order, {@link RoomLog} keeps the message, {@link Subscribers} passes it to the event loops of
 * the members. One step takes the messages that a joining member missed from the log and adds the
 * member to the subscribers. So there is no gap between the missed messages and the new ones, and
 * no message arrives twice.
 *
 * <p>Owned by the room's event loop.
 */
public final class Room {
  public static final String ENTERED = "I have entered the room";
  public static final String LEFT = "I have left the room";

  private final String name;
  private final Shard shard;
  private final RoomRule rule;
  private final RoomLog log;
  private final RoomOrder order;
  private final Roster roster = new Roster();
  private final Subscribers subscribers;

  /** What clients have used of the room's message rate, as a {@link Pace} counts it. */
  private long paidBy;

  /**
   * A room without members.
   *
   * @param epoch the name of its order; empty in a cluster, whose broker names it
   */
  Room(String name, Shard shard, String epoch, RoomRule rule, RoomOrders orders) {
    this.name = name;
    this.shard = shard;
    this.rule = rule;
    this.log = new RoomLog(name, epoch, rule, shard.history());
    this.order = orders.of(this);
    this.subscribers = new Subscribers(rule, order);
  }

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

  /** The members in the order in which they joined; in a cluster, those of this server. */
  public Roster roster() {
    return roster;
  }

  RoomStatus status() {
    return new RoomStatus(name, roster.ids(), cursor());
  }

  // --- whether the room is needed --------------------------------------------------------------

  /** Whether the room has no members, listeners or long polls, and no request is under way. */
  boolean isEmpty() {
    return !subscribers.hasPolls() && !hasPeople();
  }

  /** Whether a connection is subscribed to the room. */
  public boolean isHeard() {
    return subscribers.isHeard();
  }

  /** Whether the room has members or listeners, lost ones included, or a request is under way. */
  public boolean hasPeople() {
    return isUsed() || order.isBusy();
  }

  private boolean isUsed() {
    return roster.size() > 0 || !subscribers.isEmpty();
  }

  /** How long to keep the room while it is empty, in milliseconds. */
  long keptFor() {
    return order.keptFor();
  }

  /** Drops the room, now or after {@link #keptFor}, if it is empty. */
  public void closeIfEmpty() {
    if (isEmpty()) {
      shard.emptied(this);
    }
  }

  // --- members and listeners -------------------------------------------------------------------

  /**
   * The result of joining or listening, for the connection.
   *
   * @param heard the answer to the request
   * @param missed the messages to send before any new one
   */
  public record Arrival(Received heard, List<StoredMessage> missed) {
    /** The same, with an answer that does not say that nothing is missing. */
    private Arrival unconfirmed() {
      return new Arrival(new Received(heard.room(), heard.cursor(), false), missed);
    }
  }

  /**
   * Adds a connection as a member.
   *
   * @param after the last message that the client knows of this room, or null
   * @param live runs on the connection's loop when the member is subscribed
   */
  public void join(Member member, @Nullable Cursor after, Consumer<Arrival> live) {
    // An HTTP client belongs to the server that it asks, also if another server has it.
    order.join(member, after, live, member.connection.transport() == Transport.WEB);
  }

  /** Adds a member to the list of members. */
  public void enroll(Member member) {
    member.joined = true;
    roster.add(member);
  }

  /** Subscribes a connection that is no member; the parameters are those of {@link #join}. */
  public void listen(Member member, @Nullable Cursor after, Consumer<Arrival> live) {
    order.listen(member, after, live);
  }

  /**
   * Removes a member.
   *
   * @param out runs on the connection's loop when the member has received all earlier messages
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

  /** Ends listening; {@code out} runs as for {@link #leave}. */
  public void silence(Member member, Runnable out) {
    if (!member.listens) {
      member.connection.tell(out);
      return;
    }
    member.listens = false;
    order.silence(member, out);
  }

  /** Keeps the place of a member whose connection was lost, and sends it nothing. */
  public void detach(Member member) {
    subscribers.suspend(member, log.offset());
  }

  /** Gives the place of a lost member to the connection that resumed its session, unannounced. */
  public void replace(Member lost, Member back, @Nullable Cursor after, Consumer<Arrival> live) {
    long since = lost.away ? lost.since : log.offset();
    Past past = past(after == null ? new Cursor(log.epoch(), since) : after, back);
    if (lost.joined) {
      roster.replace(lost, back);
    }
    back.takeOver(lost);
    unhear(lost, () -> {});
    order.replaced(lost, back);
    // No server knows which bytes were in flight when the connection broke. So a client without a
    // cursor gets the later messages, but its answer does not say that nothing is missing.
    hear(back, after != null ? past : new Past(past.missed, past.since, false), end(), live);
  }

  /**
   * Gives up the place of a member that resumed its session on another server, unannounced.
   *
   * @return the last message that the member received
   */
  public Cursor giveUp(Member member) {
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
   * Adds a client that resumed a session of another server on this one, without an announcement.
   *
   * @param isIn whether the client is a member
   * @param listens whether the client listens
   * @param after the last message that the client knows, as the client says, or null
   * @param known the last message that the other server sent it, or null
   */
  public void settle(
      Member member,
      boolean isIn,
      boolean listens,
      @Nullable Cursor after,
      @Nullable Cursor known,
      Consumer<Arrival> live) {
    if (!order.isShared()) {
      throw new IllegalStateException("no other server shares this room");
    }
    Consumer<Arrival> arrived =
        after != null ? live : arrival -> live.accept(arrival.unconfirmed());
    Cursor since = after != null ? after : known;
    member.listens = listens;
    if (isIn) {
      order.join(member, since, arrived, true);
    } else {
      order.listen(member, since, arrived);
    }
  }

  // --- subscribing -----------------------------------------------------------------------------

  /**
   * The messages that a client missed before it is subscribed.
   *
   * @param missed the messages for it
   * @param since the offset before those messages
   * @param recovered whether no message after the client's cursor is missing; null without a cursor
   */
  public record Past(List<StoredMessage> missed, long since, @Nullable Boolean recovered) {}

  /** The messages that a member missed since a cursor; none while it is subscribed. */
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

  /**
   * Subscribes a member, if it is not subscribed already.
   *
   * @param place the place that the answer names; all later messages follow it. Null where the room
   *     has no order yet
   */
  public void hear(Member member, Past past, @Nullable Cursor place, Consumer<Arrival> live) {
    var arrival = new Arrival(new Received(name, place, past.recovered), past.missed);
    subscribers.add(member, past.since, arrival, live);
  }

  /** Ends a member's subscription, unless it is still in the room or listens to it. */
  public void unhear(Member member, Runnable out) {
    subscribers.remove(member, out);
  }

  /** As {@link #unhear}, for a member that has left and may be joining again. */
  public void unhearLeft(Member member, Runnable out) {
    subscribers.removeLeft(member, out);
  }

  // --- publishing ------------------------------------------------------------------------------

  /**
   * A sender's request to publish a message.
   *
   * @param audience the members that receive it; null for all
   * @param namer the sender to which {@code messageId} belongs
   * @param messageId the client's id of the message, which is published once however often the
   *     client repeats it; or null
   * @param words the message as the client sent it; identifies a repeat even if a hook changed the
   *     message
   * @param isClients whether a client sends it, rather than server code
   */
  public record SayRequest(
      Json message,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId,
      Json words,
      boolean isClients) {}

  /**
   * The result of a {@link SayRequest}.
   *
   * @param place the place of the message in the room's order; null if it has none
   * @param refusal why the message was not published, as an error for the client; null if it was
   */
  public record SayResult(@Nullable Cursor place, @Nullable String refusal) {

    /** Completes a future with this result. */
    public void tell(CompletableFuture<Void> told) {
      if (refusal == null) {
        told.complete(null);
      } else {
        told.completeExceptionally(new RefusedException(refusal));
      }
    }
  }

  /** Publishes a member's message, unless it is a repeat; {@code told} receives the result. */
  public void say(Member speaker, SayRequest saying, Consumer<SayResult> told) {
    say(Json.of(speaker.connection.id()), speaker, saying, told);
  }

  /**
   * The same for a sender that need not be a member.
   *
   * @param from the id of the sender
   * @param except the member that does not receive the message, or null
   */
  public void say(Json from, @Nullable Member except, SayRequest saying, Consumer<SayResult> told) {
    if (isWithinRate(saying, told)) {
      order.say(from, except, saying, told);
    }
  }

  /** The same for a sender that may be a member; the member of that id does not receive it. */
  public void sayAs(Json from, SayRequest saying, boolean ifThere, Consumer<SayResult> told) {
    if (isWithinRate(saying, told)) {
      order.sayAs(from, saying, ifThere, told);
    }
  }

  /** Counts a client's message against the room's rate, and refuses it if there are too many. */
  private boolean isWithinRate(SayRequest saying, Consumer<SayResult> told) {
    if (!saying.isClients) {
      return true;
    }
    Pace pace = new Pace(rule.messagesPerSecond(), rule.messageBurst());
    long now = pace.isOff() ? 0 : shard.now();
    long spent = pace.spend(paidBy, now, 1);
    long wait = pace.overdrawn(spent, now);
    if (wait == 0) {
      paidBy = spent;
      return true;
    }
    shard.count(Refusal.ROOM_MESSAGES);
    told.accept(
        new SayResult(null, "Error: too many messages in this room; try again in " + wait + " ms"));
    return false;
  }

  // --- the order of messages -------------------------------------------------------------------

  public Cursor cursor() {
    return log.cursor();
  }

  /** The end of the room's order; null while this server does not know it. */
  public @Nullable Cursor end() {
    return log.end();
  }

  /** Moves to a place in an order; the next message comes after it. */
  public void begin(String epoch, long at) {
    log.begin(epoch, at);
  }

  /**
   * Delivers a message of this server to all subscribers, as the next in the room's order.
   *
   * @param except the member that does not receive it, or null
   * @param isSaid false for announcements of joins and leaves, which do not begin a history
   * @return the place of the message
   */
  Cursor deliver(
      Json message,
      Json from,
      @Nullable Member except,
      @Nullable Audience audience,
      boolean isSaid) {
    String speaker = except != null && from instanceof Json.Text(String id) ? id : null;
    long now = shard.now();
    log.advance();
    Cursor place = cursor();
    byte[] json = new RoomMessage(message, name, from, now, place).encode();
    log.append(json, now, speaker, audience, isSaid, now);
    tell(json, place, except, audience, rule.kind(message));
    return place;
  }

  /** Delivers a message to which a broker gave the place after the last one. */
  public void tell(Post post, Cursor place, @Nullable Member except) {
    begin(place.epoch(), place.offset());
    byte[] json = encoded(post, place);
    log.append(json, post.sentAt(), post.except(), post.audience(), true, shard.now());
    tell(json, place, except, post.audience(), rule.kind(post.message()));
  }

  private void tell(
      byte[] json,
      Cursor place,
      @Nullable Member except,
      @Nullable Audience audience,
      @Nullable String kind) {
    subscribers.tell(json, place, except, audience, kind);
    if (audience == null) {
      subscribers.answerPolls(json, place);
    }
  }

  public byte[] encoded(Post post, Cursor place) {
    return new RoomMessage(post.message(), name, post.from(), post.sentAt(), place).encode();
  }

  /** Remembers a message that was published before this server opened the room. */
  public void recall(Post post, Cursor place) {
    begin(place.epoch(), place.offset());
    log.remember(
        encoded(post, place), post.sentAt(), post.except(), post.audience(), true, shard.now());
  }

  /** Announces to all subscribers that the messages from an offset up to the end are lost. */
  public void tellGap(long from) {
    Cursor to = cursor();
    Json.Obj notice = Lag.notice(name, to.epoch(), from, to.offset(), to.offset() - from + 1);
    subscribers.tell(notice.encode(), to, null, null, null);
  }

  // --- readers that do not join ----------------------------------------------------------------

  /**
   * The remembered messages without an audience: after a cursor the first ones, without a cursor
   * the last ones.
   *
   * @param limit the largest number of messages
   * @param bytes the most bytes of all messages together; a single longer message is returned alone
   */
  public Excerpt read(@Nullable Cursor after, int limit, int bytes) {
    return log.read(after, limit, bytes, shard.now());
  }

  void add(LongPoll poll) {
    subscribers.add(poll);
  }

  void remove(LongPoll poll) {
    if (subscribers.remove(poll)) {
      closeIfEmpty();
    }
  }

  /** The cursor from which a reader can go on; null if the room will be dropped before that. */
  @Nullable Cursor endToGoOnFrom() {
    return order.isShared() || isUsed() || keptFor() > 0 ? end() : null;
  }
}
