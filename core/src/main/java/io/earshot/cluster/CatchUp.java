package io.earshot.cluster;

import io.earshot.protocol.Cursor;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Stretch;
import io.earshot.stats.Gauge;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes a room follow the broker's order. The room reads the messages that it misses when it opens,
 * when the broker can be reached again, and when a message arrives that is not the next one.
 * Messages that arrive during a read wait. If the broker's order has restarted in a new epoch, the
 * room changes to that epoch and delivers the messages that it had not delivered before.
 *
 * <p>Owned by the room's event loop.
 */
final class CatchUp {

  /** How many messages are read from the broker at once. */
  private static final int CHUNK = 500;

  /**
   * How many messages wait during a read; if more come, they are read from the broker afterwards.
   */
  private static final int MAX_EARLY = 1_000;

  /**
   * How many messages a room without history reads at least when it opens. With their origins it
   * recognizes the messages of a restarted order that it has delivered already.
   */
  private static final int MIN_FIRST_READ = 16;

  private enum State {
    /** The broker was not asked yet. */
    NEW,
    /** The broker was asked for the missing messages. */
    READING,
    /** Every message up to the end is known, and new ones are delivered as they come. */
    LIVE,
    /** The broker cannot be reached. */
    AWAY
  }

  private final Room room;
  private final Shard shard;
  private final ClusterOrder order;
  private final Cluster cluster;
  private final Broker broker;
  private final Origins origins = new Origins();

  private State state = State.NEW;
  private boolean wasLive;

  /** The number of the last read; answers to earlier ones are ignored. */
  private int reads;

  /** Whether this room waits in the {@link Turns}. */
  private boolean isQueued;

  /** Tasks for when the room is live. */
  private final Queue<Runnable> whenLive = new ArrayDeque<>(0);

  /** Messages that came during a read. */
  private final Queue<Placed> early = new ArrayDeque<>(0);

  /** Whether more messages came early than {@link #MAX_EARLY}. */
  private boolean missedEarly;

  CatchUp(Room room, ClusterOrder order, Cluster cluster) {
    this.room = room;
    this.shard = room.shard();
    this.order = order;
    this.cluster = cluster;
    this.broker = cluster.broker();
  }

  boolean isNew() {
    return state == State.NEW;
  }

  boolean isLive() {
    return state == State.LIVE;
  }

  boolean isAway() {
    return state == State.AWAY;
  }

  /** Whether tasks wait for the room to be live. */
  boolean isAwaited() {
    return !whenLive.isEmpty();
  }

  /**
   * Runs a task once this room has every message up to the end, or at once if the broker is away.
   */
  void whenLive(Runnable task) {
    switch (state) {
      case NEW -> {
        whenLive.add(task);
        if (cluster.reaches(room.name())) {
          read();
        } else {
          away();
        }
      }
      case READING -> whenLive.add(task);
      case LIVE -> task.run();
      case AWAY -> {
        if (isQueued && cluster.reaches(room.name())) {
          whenLive.add(task);
          read(); // at once, since a request waits for this room
        } else {
          task.run();
        }
      }
    }
  }

  /** The broker can be reached again, and messages sent meanwhile are missing. */
  void reconnected() {
    if (state != State.NEW) {
      order.members().reconnected();
      if (!isQueued) {
        isQueued = true;
        cluster.catchUpQueue(shard).add(this);
      }
    }
  }

  /** The broker cannot be reached. */
  void disconnected() {
    if (state != State.NEW) {
      away();
    }
  }

  /**
   * Reads the missing messages, unless that was done since the room was queued.
   *
   * @return completes when the broker has answered
   */
  CompletionStage<?> readInTurn() {
    if (isQueued && !order.isClosed() && cluster.reaches(room.name())) {
      return read();
    }
    isQueued = false;
    return CompletableFuture.completedStage(null);
  }

  /**
   * Asks the broker for the messages after the last one delivered. Before that, the broker finds
   * out whether its order has fallen back behind a place that it has answered.
   */
  CompletionStage<?> read() {
    state = State.READING;
    isQueued = false;
    int number = ++reads;
    Known unverified = order.answered().unverified();
    if (unverified == null) {
      return readMissing(number);
    }
    var verifying = open(unverified, 1);
    whenRead(
        number,
        verifying,
        ignored -> {
          order.answered().verified();
          var unused = readMissing(number);
        });
    return verifying;
  }

  private CompletionStage<?> readMissing(int number) {
    int limit =
        room.end() == null
            ? Math.clamp(room.rule().historyMessages(), MIN_FIRST_READ, CHUNK)
            : CHUNK;
    var reading = open(new Known(room.end(), origins.last()), limit);
    whenRead(number, reading, this::learn);
    return reading;
  }

  private CompletionStage<Stretch> open(Known known, int limit) {
    return broker.open(room.name(), known, limit, order.terms(), room.hasPeople());
  }

  /** Continues with the answer to the last read; if the read failed, reads again later. */
  private void whenRead(int number, CompletionStage<Stretch> reading, Consumer<Stretch> next) {
    order.then(
        reading,
        (stretch, ignored) -> {
          if (number != reads) {
            return;
          }
          if (stretch == null) {
            away();
            retry();
          } else {
            next.accept(stretch);
          }
        });
  }

  /** Reads again after a pause, if the broker can be reached then. */
  private void retry() {
    int number = reads;
    shard.schedule(
        () -> {
          if (number == reads && isAway() && !order.isClosed() && cluster.reaches(room.name())) {
            reconnected();
          }
        },
        Cluster.RETRY_PAUSE);
  }

  private void away() {
    reads++;
    state = State.AWAY;
    early.clear();
    missedEarly = false;
    order.runAllWaiting();
    runWhenLive();
  }

  private void learn(Stretch stretch) {
    Cursor known = room.end();
    Cursor end = stretch.end();
    boolean isFirst = known == null && !wasLive;
    if (isFirst) {
      stretch.posts().forEach(this::recall);
    } else if (known != null && end != null && end.epoch().equals(known.epoch())) {
      continueWith(stretch, known, end);
    } else {
      beginAnew(stretch, end);
    }
    if (end == null) {
      live(); // the room has no messages yet
    } else if (order.isSameEpoch(end)
        && end.offset() > room.cursor().offset()
        && !stretch.posts().isEmpty()) {
      read(); // there are more
    } else {
      room.log()
          .begin(
              end.epoch(),
              Math.max(end.offset(), order.isSameEpoch(end) ? room.cursor().offset() : 0));
      if (isFirst && end.offset() > 0 && room.isHeard()) {
        // The members that joined while the broker was away received no place with their answers.
        order.tellGap(1);
      }
      live();
    }
  }

  private void recall(Placed message) {
    order.recall(message);
    origins.add(message);
  }

  private void continueWith(Stretch stretch, Cursor known, Cursor end) {
    long next = known.offset() + 1;
    long first =
        stretch.posts().isEmpty() ? end.offset() + 1 : stretch.posts().getFirst().place().offset();
    if (first > next) {
      skip(known.epoch(), next, first - 1);
    }
    for (Placed message : stretch.posts()) {
      long offset = message.place().offset();
      long after = room.cursor().offset() + 1;
      if (offset > after) {
        skip(known.epoch(), after, offset - 1); // the broker could not read these
      }
      if (offset >= after) {
        deliver(message);
      }
    }
  }

  /** Announces a gap: the broker no longer has these messages. */
  private void skip(String epoch, long from, long to) {
    room.log().forgetAll();
    room.log().begin(epoch, to);
    origins.setLast(null);
    order.tellGap(from);
  }

  /** Changes to another epoch, since the known order was lost. Delivers no message twice. */
  private void beginAnew(Stretch stretch, @Nullable Cursor end) {
    room.log().forgetAll();
    order.members().markStale(); // the list may be lost as well
    if (end == null) {
      room.log().begin("", 0);
      origins.setLast(null);
      return;
    }
    List<Placed> posts = stretch.posts();
    int known = -1;
    for (int i = 0; i < posts.size(); i++) {
      known = origins.contains(posts.get(i)) ? i : known;
    }
    List<Placed> fresh = posts.subList(known + 1, posts.size());
    long first = fresh.isEmpty() ? end.offset() + 1 : fresh.getFirst().place().offset();
    room.log().begin(end.epoch(), first - 1);
    if (known < 0 && first > 1) {
      order.tellGap(1);
    }
    if (known >= 0) {
      origins.setLast(posts.get(known).post().origin());
    }
    for (Placed message : fresh) {
      Cursor place = new Cursor(end.epoch(), message.place().offset());
      deliver(new Placed(place, message.post(), message.age()));
    }
  }

  private void live() {
    state = State.LIVE;
    wasLive = true;
    for (Placed next = early.poll(); next != null; next = early.poll()) {
      received(next);
      if (!isLive()) {
        return;
      }
    }
    if (missedEarly) {
      missedEarly = false;
      read();
      return;
    }
    order.forgetDoubtful();
    runWhenLive();
    order.members().reconcileIfStale();
    order.runUnreachable();
    order.runReached();
    order.ahead().releaseAll();
    room.closeIfEmpty();
  }

  /**
   * The broker's order had this end a moment ago. If the room has not received everything up to it
   * a little later, its messages do not arrive: it reads them, and subscribes again by that.
   */
  void endIs(@Nullable Cursor end) {
    if (isLive() && isBehind(end)) {
      shard.schedule(
          () -> {
            if (isLive() && !order.isClosed() && isBehind(end)) {
              cluster.heardNothing(room.name());
              read();
            }
          },
          Cluster.RETRY_PAUSE);
    }
  }

  private boolean isBehind(@Nullable Cursor end) {
    return end == null ? !room.cursor().epoch().isEmpty() : !order.isKnown(end);
  }

  /** The broker has sent a message. */
  void received(Placed message) {
    switch (state) {
      case NEW, AWAY -> {
        // It will be read with the others that are missing.
      }
      case READING -> {
        if (early.size() < MAX_EARLY) {
          early.add(message);
        } else {
          missedEarly = true;
        }
      }
      case LIVE -> deliverInOrder(message);
    }
  }

  private void deliverInOrder(Placed message) {
    Cursor now = room.cursor();
    Cursor place = message.place();
    boolean isFirst = now.epoch().isEmpty() && place.offset() == 1;
    if (isFirst || (order.isSameEpoch(place) && place.offset() == now.offset() + 1)) {
      deliver(message);
    } else if (!order.isSameEpoch(place)
        || place.offset() > now.offset()
        || !origins.contains(message)) { // the broker has given a known place again
      // Dropped here: if the message is still in the broker's order, the read returns it.
      read();
    }
  }

  private void deliver(Placed message) {
    origins.add(message);
    order.deliver(message);
  }

  private void runWhenLive() {
    List<Runnable> tasks = List.copyOf(whenLive);
    whenLive.clear();
    tasks.forEach(Runnable::run);
  }

  /**
   * The rooms of one event loop that are to read their missing messages from the broker, a few at a
   * time: the requests of all rooms at once would take the broker longer than its timeout.
   *
   * <p>Owned by that event loop.
   */
  static final class Turns {
    /** How many rooms read at once. */
    private static final int MAX_READING = 250;

    private final Shard shard;
    private final ArrayDeque<CatchUp> queue = new ArrayDeque<>(0);
    private int reading;

    Turns(Shard shard) {
      this.shard = shard;
    }

    void add(CatchUp room) {
      queue.add(room);
      next();
    }

    private void next() {
      CatchUp next = reading < MAX_READING ? queue.poll() : null;
      if (next != null) {
        reading++;
        var unused =
            next.readInTurn()
                .whenComplete(
                    (ignored, failure) ->
                        shard.later(
                            () -> {
                              reading--;
                              next();
                            }));
      }
      shard.stats().set(Gauge.CATCH_UPS, queue.size() + reading);
    }
  }
}
