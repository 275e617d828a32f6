package io.earshot.room;

import io.earshot.FeedEvent;
import io.earshot.config.RoomRule;
import io.earshot.events.EventKind;
import io.earshot.feed.FeedPart;
import io.earshot.feed.RoomFeed;
import io.earshot.history.History;
import io.earshot.history.Past;
import io.earshot.history.RoomLog;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Announcement;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.RoomMessage;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.room.RoomOrder.SayRequest;
import io.earshot.room.RoomOrder.SayResult;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Pace;
import io.earshot.spi.Refusal;
import io.earshot.stats.Incidents.Incident;
import java.util.List;
import java.util.Objects;
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
  private final String name;
  private final Shard shard;
  private final RoomRule rule;
  private final RoomLog log;
  private final RoomOrder order;
  private final Roster roster = new Roster();
  private final Subscribers subscribers;

  /** Null in a room without signals so far. */
  private @Nullable Signals signals;

  /** Null while no consumer of the feed was there. */
  private @Nullable RoomFeed feed;

  /** Whether consumers of the feed take the room for one with members or listeners. */
  private boolean isOpen;

  /** The index in {@link Shard#inSlots}. */
  int slot;

  /** What clients have used of the room's message rate, as a {@link Pace} counts it. */
  private long paidBy;

  /**
   * A room without members.
   *
   * @param epoch the name of its order; empty in a cluster, whose broker names it
   */
  Room(String name, Shard shard, String epoch, RoomRule rule, Rooms.Orders orders) {
    this.name = name;
    this.shard = shard;
    this.rule = rule;
    this.log = new RoomLog(name, epoch, rule, shard.history());
    this.order = orders.of(this);
    this.subscribers = new Subscribers(this);
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

  /** Drops the room, now or after {@link RoomOrder#keptFor}, if it is empty. */
  public void closeIfEmpty() {
    if (isOpen && !isUsed()) {
      isOpen = false;
      shard.feed().room(FeedEvent.Type.ROOM_CLOSED, name);
    }
    if (isEmpty()) {
      shard.emptied(this);
    }
  }

  // --- members and listeners -------------------------------------------------------------------

  /**
   * The result of joining or listening, for the connection.
   *
   * @param heard the answer to the request
   * @param missed the messages to send before any new one; those of the history begin them
   */
  public record Arrival(Received heard, List<StoredMessage> missed) {}

  /**
   * Adds a connection as a member.
   *
   * @param start where the messages begin that the client receives
   * @param live runs on the connection's loop when the member is subscribed
   */
  public void join(Member member, Start start, Consumer<Arrival> live) {
    member.sentUpTo = start.after();
    record(EventKind.JOINED, member, shown(start));
    order.join(member, start, live, member.connection.mayBeListedElsewhere());
  }

  /** Adds a member to the list of members. */
  public void enroll(Member member) {
    member.joined = true;
    member.user = member.connection.user();
    roster.add(member);
    openIfUsed();
  }

  private void openIfUsed() {
    if (!isOpen && isUsed()) {
      isOpen = true;
      shard.feed().room(FeedEvent.Type.ROOM_OPENED, name);
    }
  }

  /**
   * Subscribes a connection that may go at once, as one that only looks whether the port is open.
   * {@link #announce} makes it a member. The parameters are those of {@link #join}.
   */
  public void receive(Member member, Start start, Consumer<Arrival> live) {
    roster.expect(member);
    member.sentUpTo = start.after();
    record(EventKind.JOINED, member, shown(start));
    order.listen(member, start, live);
  }

  /** Makes an unannounced connection a member, unless it has left. */
  public void announce(Member member) {
    if (member.isUnannounced) {
      roster.expectNoLonger(member);
      order.join(member, Start.LIVE, ignored -> {}, false);
    }
  }

  /** Subscribes a connection that is no member; the parameters are those of {@link #join}. */
  public void listen(Member member, Start start, Consumer<Arrival> live) {
    member.startListening();
    member.sentUpTo = start.after();
    record(EventKind.LISTENED, member, shown(start));
    order.listen(member, start, live);
  }

  /**
   * Removes a member.
   *
   * @param out runs on the connection's loop when the member has received all earlier messages
   */
  public void leave(Member member, Runnable out) {
    if (member.isUnannounced) {
      roster.expectNoLonger(member);
      unhear(member, out);
      closeIfEmpty();
      return;
    }
    if (!member.joined) {
      member.connection.tell(out);
      return;
    }
    record(EventKind.LEFT, member, null);
    member.joined = false;
    int count = roster.size();
    roster.remove(member);
    order.leave(member, count, out);
  }

  /** Follows a change of the user of a member. */
  public void identify(Member member, @Nullable User user) {
    if (member.joined && !Objects.equals(member.user, user)) {
      order.identify(member, user);
    }
  }

  /** Ends listening; {@code out} runs as for {@link #leave}. */
  public void silence(Member member, Runnable out) {
    if (!member.listens) {
      member.connection.tell(out);
      return;
    }
    record(EventKind.SILENCED, member, null);
    member.listens = false;
    order.silence(member, out);
  }

  /** Keeps the place of a member whose connection was lost, and sends it nothing. */
  public void detach(Member member) {
    subscribers.suspend(member, cursor());
  }

  /** The messages that a member missed; none since its cursor while it is subscribed. */
  public Past past(Start start, Member member) {
    Cursor after = start.after();
    if (member.hears && after != null) {
      boolean isRecovered = log.isOurs(after) && after.offset() >= member.since;
      if (isRecovered || start.history() == 0) {
        return new Past(List.of(), member.since, isRecovered, null);
      }
    } else if (!log.needsHistory(start, shard.elapsed())) {
      Subscriber to = member.connection;
      return log.past(after, shard.elapsed(), each -> to.isFor(each.speaker(), each.audience()));
    }
    return latest(start, cursor(), member);
  }

  /** The newest messages up to a place that a member may read. */
  public Past latest(Start start, Cursor upTo, Member member) {
    return log.latest(
        start, upTo, shard.answerBytes(), shard.elapsed(), member.connection::mayRead);
  }

  /**
   * Subscribes a member, if it is not subscribed already.
   *
   * @param place the place that the answer names; all later messages follow it. Null where the room
   *     has no order yet
   */
  public void hear(Member member, Past past, @Nullable Cursor place, Consumer<Arrival> live) {
    var arrival =
        new Arrival(new Received(name, place, past.recovered(), past.history()), past.missed());
    subscribers.add(member, past.since(), arrival, live);
    openIfUsed();
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
  public void sayAs(Json from, SayRequest saying, Consumer<SayResult> told) {
    if (isWithinRate(saying, told)) {
      order.sayAs(from, saying, told);
    }
  }

  /** Counts a client's message against the room's rate, and refuses it if there are too many. */
  private boolean isWithinRate(SayRequest saying, Consumer<SayResult> told) {
    if (!saying.isClients()) {
      return true;
    }
    Pace pace = new Pace(rule.messagesPerSecond(), rule.messageBurst());
    long now = pace.isOff() ? 0 : shard.elapsed();
    long spent = pace.spend(paidBy, now, 1);
    long wait = pace.overdrawn(spent, now);
    if (wait == 0) {
      paidBy = spent;
      return true;
    }
    shard.count(Refusal.ROOM_MESSAGES);
    shard.note(Incident.ROOM_RATE, name);
    told.accept(
        new SayResult(null, "Error: too many messages in this room; try again in " + wait + " ms"));
    return false;
  }

  /** The signals of this turn. */
  public Signals signals() {
    if (signals == null) {
      signals = new Signals(this, subscribers);
    }
    return signals;
  }

  public Cursor cursor() {
    return log.cursor();
  }

  /** Remembers what happens to a member, for those who ask later. */
  void record(EventKind kind, Member member, @Nullable String detail) {
    shard.recorder().add(kind, member.connection, name, cursor(), detail);
  }

  /** The same, for a member that receives messages from now on. */
  void recordSubscribed(Member member, Arrival arrival) {
    boolean isHistory = arrival.heard.history() != null && !arrival.missed.isEmpty();
    long from = isHistory ? arrival.missed.getFirst().place().offset() : member.since + 1;
    Boolean isRecovered = arrival.heard.recovered();
    String detail = isRecovered == null ? null : isRecovered ? "recovered" : "gap";
    shard.recorder().add(EventKind.SUBSCRIBED, member.connection, name, from, cursor(), detail);
  }

  private static @Nullable String shown(Start start) {
    return start.after() == null ? null : start.after().toString();
  }

  /** The end of the room's order; null while this server does not know it. */
  public @Nullable Cursor end() {
    return log.end();
  }

  /**
   * Delivers a message of this server to all subscribers, as the next in the room's order.
   *
   * @param user the user of the sender; null for none
   * @param except the member that does not receive it, or null
   * @param announcement what this server announces by it; null for a message that somebody sent
   * @return the place of the message
   */
  Cursor deliver(
      Json message,
      Json from,
      @Nullable User user,
      @Nullable Member except,
      @Nullable Audience audience,
      @Nullable Announcement announcement) {
    String speaker = except != null && from instanceof Json.Text(String id) ? id : null;
    long sentAt = shard.wallTime();
    Cursor place = log.advance();
    byte[] json = new RoomMessage(message, name, from, user, sentAt, place, announcement).encode();
    boolean isSaid = announcement == null;
    long now = shard.elapsed();
    log.append(log.entry(json, sentAt, now, speaker, audience, isSaid));
    if (isSaid) {
      feed(json, audience);
    }
    tell(json, place, except, audience, rule.kind(message), now);
    return place;
  }

  /** Delivers a message to which a broker gave the place after the last one. */
  public void tell(Placed message, @Nullable Member except) {
    History.Entry entry = begin(message);
    log.append(entry);
    String kind = rule.kind(message.post().message());
    long now = entry.since() + message.age();
    tell(entry.json(), message.place(), except, entry.audience(), kind, now);
  }

  private void tell(
      byte[] json,
      Cursor place,
      @Nullable Member except,
      @Nullable Audience audience,
      @Nullable String kind,
      long now) {
    Subscriber sender = except == null ? null : except.connection;
    shard.recorder().message(name, place, sender, audience, now);
    subscribers.tell(json, place, except, audience, kind, shard.sayBegan());
    if (audience == null) {
      subscribers.answerPolls(json, place);
    }
  }

  /** Whether consumers of the feed want the messages of this room. */
  public boolean isFed() {
    FeedPart part = shard.feed();
    if (feed == null && part.isOn()) {
      feed = new RoomFeed(name, part);
    }
    return feed != null && feed.isWanted();
  }

  /**
   * Adds a message that has its place to the feed, if a consumer wants it.
   *
   * @param json the message as its recipients get it
   */
  public void feed(byte[] json, @Nullable Audience audience) {
    if (shard.feed().isOn() && isFed() && feed != null) {
      feed.message(json, audience);
    }
  }

  /** Remembers a message that was published before this server opened the room. */
  public void recall(Placed message) {
    log.remember(begin(message));
  }

  /** Moves to the place of a message, which is as old as the broker says, not its sender. */
  private History.Entry begin(Placed message) {
    Post post = message.post();
    log.advance(message.place());
    byte[] json = new RoomMessage(name, post, message.place()).encode();
    long since = shard.elapsed() - message.age();
    boolean isSaid = post.announcement() == null;
    return log.entry(json, post.sentAt(), since, post.except(), post.audience(), isSaid);
  }

  /** Announces to all subscribers that the messages from an offset up to the end are lost. */
  public void tellGap(long from) {
    Cursor to = cursor();
    subscribers.tell(Lag.gap(name, from, to).json(), to, null, null, null, 0);
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
    return order.isShared() || isUsed() || order.keptFor() > 0 ? end() : null;
  }
}
