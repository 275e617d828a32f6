package io.earshot.cluster;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.room.Member;
import io.earshot.room.Room;
import io.earshot.room.RoomOrder;
import io.earshot.room.Shard;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.BrokerException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The order of a room that several servers share. The broker decides it: a message published here
 * goes to the broker, and this server delivers it like every other message, when the broker sends
 * it with its place. If the place is not the next one, this server reads the missing messages from
 * the broker, and delivers them before any later message.
 *
 * <p>While the broker cannot be reached, members stay in the room, publishing fails, and joins and
 * leaves are not announced. Afterwards the missed messages are delivered first, and the member list
 * is reconciled.
 *
 * <p>Owned by the room's event loop.
 */
final class ClusterOrder implements RoomOrder {

  /**
   * How long a room stays open after its last member has left, in milliseconds: many clients return
   * soon.
   */
  private static final long LINGER = 5_000;

  private final Room room;
  private final Shard shard;
  private final Cluster cluster;
  private final Broker broker;
  private final CatchUp catchUp;
  private final Arrivals arrivals;
  private final Departures departures;
  private final MemberList members;
  private final ExcludedSenders unheard;
  private final Ahead ahead;
  private final Answered answered;

  private boolean closed;

  /** Null while no consumer of the feed wants messages of the room. */
  private @Nullable FedPosts fed;

  /** The last own post whose delivery is timed; null for none, or once it is delivered. */
  private Post.@Nullable Origin timed;

  /** When that post was admitted. */
  private long timedSince;

  /** Tasks for when the room has delivered everything up to a place. */
  private final List<Waiting> waiting = new ArrayList<>(0);

  /** How many members and requests are under way, which keep the room from being closed. */
  private int underWay;

  private record Waiting(Cursor place, Runnable task) {}

  ClusterOrder(Room room, Cluster cluster) {
    this.room = room;
    this.shard = room.shard();
    this.cluster = cluster;
    this.broker = cluster.broker();
    this.catchUp = new CatchUp(room, this, cluster);
    this.arrivals = new Arrivals(room, this);
    this.departures = new Departures(room, this);
    this.members = new MemberList(room, this, cluster);
    this.unheard = new ExcludedSenders(room, cluster);
    this.ahead = new Ahead(room, this);
    this.answered = new Answered(room);
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public boolean isBusy() {
    return underWay > 0 || catchUp.isAwaited() || !ahead.isEmpty() || members.needsRoom();
  }

  @Override
  public long keptFor() {
    return catchUp.isNew() ? 0 : LINGER;
  }

  @Override
  public void close() {
    closed = true;
    if (fed != null) {
      fed.close();
    }
    if (!catchUp.isNew()) {
      broker.close(room.name());
    }
  }

  // --- delivering ------------------------------------------------------------------------------

  /** Delivers the next message of the order to the members on this server. */
  void deliver(Placed message) {
    Member except = unheard.take(message.post());
    feedDelivered(message);
    if (timed != null && timed.equals(message.post().origin())) {
      timed = null;
      shard.timed(timedSince, () -> room.tell(message, except));
    } else {
      room.tell(message, except);
    }
    arrivals.delivered(message);
    runReached();
    ahead.release();
  }

  /** Remembers a message that was published before this server opened the room. */
  void recall(Placed message) {
    feedDelivered(message);
    room.recall(message);
  }

  private void feedDelivered(Placed message) {
    if (fed != null) {
      fed.delivered(message);
    }
  }

  /** Announces that the messages from an offset up to the room's end are lost. */
  void tellGap(long from) {
    room.tellGap(from);
    arrivals.lost(from);
    ahead.release();
  }

  /**
   * Runs a task once the room has delivered everything up to a place; at once if the broker is
   * away.
   */
  void whenReached(Cursor place, Runnable task) {
    answered.add(place, null);
    if (isAway() || isKnown(place)) {
      task.run();
    } else {
      waiting.add(new Waiting(place, task));
      if (isLive() && !isSameEpoch(place)) {
        catchUp.read();
      }
    }
  }

  void runReached() {
    if (!waiting.isEmpty()) {
      runWaiting(each -> isKnown(each.place));
    }
  }

  /** Runs the tasks that wait for a place in another epoch, which will never be reached. */
  void runUnreachable() {
    runWaiting(each -> !isSameEpoch(each.place));
  }

  void runAllWaiting() {
    runWaiting(ignored -> true);
  }

  private void runWaiting(Predicate<Waiting> isReady) {
    var ready = waiting.stream().filter(isReady).toList();
    waiting.removeAll(ready);
    ready.forEach(each -> each.task.run());
  }

  // --- members and listeners -------------------------------------------------------------------

  @Override
  public void join(Member member, Start start, Consumer<Room.Arrival> live, boolean take) {
    arrivals.join(member, start, live, take);
  }

  @Override
  public void listen(Member member, Start start, Consumer<Room.Arrival> live) {
    arrivals.listen(member, start, live);
  }

  @Override
  public void leave(Member member, int count, Runnable out) {
    departures.leave(member, out);
  }

  @Override
  public void identify(Member member, @Nullable User user) {
    User former = member.user();
    room.roster().identify(member, user);
    members.identify(member, former);
  }

  @Override
  public void silence(Member member, Runnable out) {
    departures.silence(member, out);
  }

  @Override
  public void whenEntered(Member member, Runnable task) {
    members.whenEntered(member, task);
  }

  @Override
  public void listens(Member member) {
    unheard.addListener(member);
  }

  @Override
  public void forget(Member member) {
    unheard.removeListener(member);
    ahead.forget(member);
  }

  @Override
  public boolean holdsBack(
      Member member,
      @Nullable Cursor known,
      @Nullable Boolean recovered,
      Consumer<Room.Arrival> live) {
    return ahead.hold(member, known, recovered, live);
  }

  @Override
  public void replaced(Member lost, Member back) {
    unheard.replace(lost, back);
  }

  /**
   * Runs a task once this room has every message up to the end, and up to a cursor that another
   * server gave out.
   */
  @Override
  public void whenKnown(@Nullable Cursor cursor, Runnable task) {
    catchUp.whenLive(
        () -> {
          if (cursor == null || isAway() || isKnown(cursor)) {
            task.run();
            return;
          }
          workStarts();
          then(
              askEnd(),
              (end, ignored) -> {
                workEnds();
                if (end == null) {
                  task.run();
                } else {
                  whenReached(end, task);
                }
                room.closeIfEmpty();
              });
        });
  }

  // --- publishing ------------------------------------------------------------------------------

  @Override
  public void say(
      Json from,
      @Nullable Member except,
      RoomOrder.SayRequest saying,
      Consumer<RoomOrder.SayResult> told) {
    String id = except == null ? null : except.connection.id();
    publish(
        cluster.post(saying.message(), from, saying.user(), id, false, saying.audience()),
        except,
        saying,
        told);
  }

  @Override
  public void sayAs(Json from, RoomOrder.SayRequest saying, Consumer<RoomOrder.SayResult> told) {
    String id = from instanceof Json.Text(String text) ? text : null;
    publish(
        cluster.post(saying.message(), from, saying.user(), id, true, saying.audience()),
        null,
        saying,
        told);
  }

  private void publish(
      Post post,
      @Nullable Member sender,
      RoomOrder.SayRequest saying,
      Consumer<RoomOrder.SayResult> told) {
    if (sender != null) {
      unheard.add(post, sender);
    }
    if (shard.sayBegan() != 0) {
      timed = post.origin();
      timedSince = shard.sayBegan();
    }
    workStarts();
    boolean isFed = room.isFed();
    Broker.Terms terms = isFed ? terms().fed() : terms();
    String key = repeatKey(saying);
    if (isFed) {
      if (fed == null) {
        fed = new FedPosts(room, cluster);
      }
      fed.add(post, key != null);
    }
    then(
        broker.publish(room.name(), post, terms, key, shard.repeatWindow()),
        (place, failure) -> {
          workEnds();
          if (place != null) {
            if (fed != null) {
              fed.placed(post, place, !catchUp.isNew());
            }
            // With a message id, the place may be that of an earlier post.
            answered.add(place, saying.messageId() == null ? post.origin() : null);
            // By then the post is delivered, unless the place is that of an earlier post with the
            // same message id.
            whenReached(place, () -> placed(post));
          } else {
            unheard.refused(post, failure);
            if (fed != null) {
              fed.refused(post, failure instanceof BrokerException e && e.maybeDone());
            }
          }
          told.accept(
              new RoomOrder.SayResult(
                  place, failure == null ? null : BrokerException.explained(failure)));
          room.closeIfEmpty();
        });
  }

  @Override
  public void signal(Signal signal) {
    broker.signal(room.name(), signal);
  }

  private void placed(Post post) {
    if (isAway()) {
      unheard.keepInDoubt(post);
    } else {
      unheard.remove(post);
    }
    if (fed != null && isAway()) {
      fed.keepInDoubt(post);
    } else if (fed != null) {
      fed.passed(post);
    }
  }

  private @Nullable String repeatKey(RoomOrder.SayRequest saying) {
    return shard.repeatWindow() == 0 ? null : saying.repeatKey();
  }

  // --- what the parts share --------------------------------------------------------------------

  CatchUp catchUp() {
    return catchUp;
  }

  Arrivals arrivals() {
    return arrivals;
  }

  Departures departures() {
    return departures;
  }

  MemberList members() {
    return members;
  }

  ExcludedSenders unheard() {
    return unheard;
  }

  /** All posts that were placed before the broker was away are delivered by now. */
  void forgetDoubtful() {
    if (fed != null) {
      fed.forgetDoubtful();
    }
    unheard.forgetDoubtful();
  }

  Ahead ahead() {
    return ahead;
  }

  Answered answered() {
    return answered;
  }

  void whenLive(Runnable task) {
    catchUp.whenLive(task);
  }

  boolean isLive() {
    return catchUp.isLive();
  }

  boolean isAway() {
    return catchUp.isAway();
  }

  boolean isClosed() {
    return closed;
  }

  boolean isSameEpoch(Cursor place) {
    return place.epoch().equals(room.cursor().epoch());
  }

  /** Whether the room has delivered everything up to a place. */
  boolean isKnown(Cursor place) {
    return isSameEpoch(place) && place.offset() <= room.cursor().offset();
  }

  /** Keeps the room from being closed until {@link #workEnds}. */
  void workStarts() {
    underWay++;
  }

  void workEnds() {
    underWay--;
  }

  Broker.Terms terms() {
    return cluster.terms(room.rule(), answered.end());
  }

  /** Asks the broker for the end of the room's order; null if it has none. */
  CompletionStage<@Nullable Cursor> askEnd() {
    return broker.end(room.name());
  }

  /** Hands a result of the broker to the room's loop, unless the room is closed by then. */
  <T extends @Nullable Object> void then(
      CompletionStage<T> stage, BiConsumer<@Nullable T, @Nullable Throwable> next) {
    var unused =
        stage.whenComplete(
            (result, failure) ->
                shard.tell(
                    () -> {
                      if (!closed) {
                        next.accept(
                            result, failure == null ? null : BrokerException.cause(failure));
                      }
                    }));
  }
}
