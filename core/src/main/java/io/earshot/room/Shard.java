package io.earshot.room;

import io.earshot.Config;
import io.earshot.events.EventKind;
import io.earshot.events.Recorder;
import io.earshot.feed.FeedPart;
import io.earshot.history.History;
import io.earshot.history.Journal;
import io.earshot.history.LoopHistory;
import io.earshot.history.Recovery;
import io.earshot.history.RecoveryTarget;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Signal;
import io.earshot.spi.Loop;
import io.earshot.spi.Refusal;
import io.earshot.spi.SaySpan;
import io.earshot.stats.Gauge;
import io.earshot.stats.Incidents.Incident;
import io.earshot.stats.LoopStats;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One event loop with the rooms that it owns, and the fan-outs to its connections that have a batch
 * pending.
 *
 * <p>Owned by that event loop. Any thread may call {@link #tell}, {@link #later}, {@link #loop},
 * {@link #index}, {@link #wallTime} and {@link #elapsed}.
 */
public final class Shard implements RecoveryTarget {
  private static final System.Logger LOG = System.getLogger(Shard.class.getName());

  /** How often a server forgets old messages at least, in milliseconds. */
  private static final long LONGEST_SWEEP = 60_000;

  /** How often a server of a cluster looks for empty rooms to drop, in milliseconds. */
  private static final long CLUSTER_SWEEP = 5_000;

  private final Rooms all;
  private final int count;
  private final int index;
  private final Loop loop;
  private final Map<String, Room> rooms = new HashMap<>();

  /** The same rooms in a list, for those who look at many in steps; see {@link Room#slot}. */
  private final List<Room> inSlots = new ArrayList<>();

  /** Empty rooms that are kept, the longest empty first, and since when, in milliseconds. */
  private final Map<Room, Long> empty = new LinkedHashMap<>();

  /** How long message ids are remembered, in milliseconds; 0 for not at all. */
  private final long repeatWindow;

  /** How often to forget old messages and drop empty rooms, in milliseconds. */
  private final long sweepEvery;

  private final LongPolls polls;
  private final LoopHistory history;
  private final LoopStats stats;
  private final Recorder recorder;
  private final FeedPart feed;
  private boolean sweeping;
  private int epochs;

  /** As {@link #sayBegan()} says. */
  private long sayBegan;

  /** As {@link #saySpan()} says. */
  private @Nullable SaySpan saySpan;

  private List<Fanout> pending = new ArrayList<>();
  private List<Fanout> flushing = new ArrayList<>();

  Shard(Rooms all, int index, int count, Loop loop, FeedPart feed) {
    this.all = all;
    this.feed = feed;
    this.index = index;
    this.count = count;
    this.loop = loop;
    this.stats = loop.stats();
    Config config = all.config();
    this.recorder = new Recorder(config.explain(), count, all::elapsed);
    this.repeatWindow = config.general().repeatWindow().toMillis();
    this.sweepEvery = Math.clamp(config.rooms().historyAge().toMillis(), 1_000, LONGEST_SWEEP);
    this.history = new LoopHistory(config.limits().historyBytes() / count, stats, this::sweepLater);
    this.polls = new LongPolls(this, all.polls(), config.limits().waitingPolls());
  }

  /** The long polls of the rooms of this loop. */
  public LongPolls polls() {
    return polls;
  }

  /** The event loop, for others who run tasks on it. */
  public Loop loop() {
    return loop;
  }

  public int index() {
    return index;
  }

  /** The most bytes of earlier messages that a client receives at once. */
  int answerBytes() {
    return all.config().limits().answerBytes();
  }

  /** The time of day, in milliseconds since 1970, for people; it may be set back or forward. */
  public long wallTime() {
    return all.wallTime();
  }

  /** Milliseconds that only increase, for durations; see {@link io.earshot.spi.Clocks#elapsed}. */
  public long elapsed() {
    return all.elapsed();
  }

  /** Runs a task on this loop: now if the caller is on it, else after the tasks given before. */
  public void tell(Runnable task) {
    if (loop.inLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /**
   * The same, for a caller that does not know whether the server still runs, such as a broker: a
   * loop that has ended drops the task.
   */
  public void tellIfRunning(Runnable task) {
    try {
      tell(task);
    } catch (RejectedExecutionException e) {
      // The loop has ended, and its rooms and connections with it.
    }
  }

  /** Runs a task on this loop after the current one, which may be in the middle of a fan-out. */
  public void later(Runnable task) {
    loop.execute(task);
  }

  /** Runs a task on this loop after a number of milliseconds. */
  public void schedule(Runnable task, long millis) {
    loop.schedule(task, millis);
  }

  /**
   * Sends a connection's message to its room. An HTTP client without a message queue is no member,
   * so the room may have none.
   *
   * @param told called on the connection's loop with the result
   */
  public void say(Member speaker, RoomOrder.SayRequest saying, Consumer<RoomOrder.SayResult> told) {
    Subscriber connection = speaker.connection;
    long began = connection.shard().stats.sample();
    @Nullable SaySpan span = RoomOrder.TracedSay.span(told);
    if (span != null) {
      span.ordering();
    }
    tell(
        () -> {
          Room room = room(speaker.room);
          sayBegan = began;
          saySpan = span;
          try {
            room.say(
                speaker,
                saying,
                spoken -> {
                  RoomOrder.TracedSay.ordered(span, spoken);
                  connection.tell(() -> answer(speaker, spoken, told));
                });
          } finally {
            saySpan = null;
            sayBegan = 0;
          }
          room.closeIfEmpty();
        });
  }

  private static void answer(
      Member speaker, RoomOrder.SayResult spoken, Consumer<RoomOrder.SayResult> told) {
    if (spoken.refusal() != null) {
      Subscriber who = speaker.connection;
      Recorder recorder = who.shard().recorder;
      recorder.refused(EventKind.SAY_REFUSED, who, speaker.room, spoken.refusal());
    }
    told.accept(spoken);
  }

  /**
   * Sends a signal to a room of this loop, if somebody may hear it.
   *
   * @param sender the member that does not receive it; null if the sender is none
   */
  public void signal(String name, Signal signal, @Nullable Member sender) {
    tell(
        () -> {
          Room room = roomIfAny(name);
          if (all.orders().areShared()) {
            room = room(name);
            room.signals().send(signal, sender);
            room.closeIfEmpty();
          } else if (room != null) {
            room.signals().send(signal, sender);
          }
        });
  }

  public long repeatWindow() {
    return repeatWindow;
  }

  /**
   * The room of this name, for a connection that enters it or for a message; created if it does not
   * exist.
   */
  public Room room(String name) {
    Room room = rooms.get(name);
    if (room == null) {
      Rooms.Orders orders = all.orders();
      room = new Room(name, this, orders.areShared() ? "" : newEpoch(), all.rule(name), orders);
      register(room);
      roomsChanged();
    } else if (room.isEmpty()) {
      empty.remove(room);
      roomsChanged();
    }
    return room;
  }

  private void register(Room room) {
    rooms.put(room.name(), room);
    room.slot = inSlots.size();
    inSlots.add(room);
  }

  /**
   * The rooms in their slots. A room that is dropped is replaced by the last one, so whoever looks
   * at the rooms in several steps, from the last slot to the first, misses none.
   *
   * @return the list itself, for this loop
   */
  public List<Room> inSlots() {
    return Collections.unmodifiableList(inSlots);
  }

  /** An epoch that no other room, shard or start of the server has. */
  private String newEpoch() {
    return all.boot() + Long.toString(epochs++ * (long) count + index, 36);
  }

  /** The room of this name; null if it does not exist. */
  public @Nullable Room roomIfAny(String name) {
    return rooms.get(name);
  }

  /** Drops an empty room, or keeps it for a while if clients may resume from it. */
  void emptied(Room room) {
    if (rooms.get(room.name()) != room) {
      return; // dropped already
    }
    if (room.order().keptFor() == 0) {
      empty.remove(room);
      drop(room);
    } else {
      keep(room);
    }
  }

  /** Drops a room that was created in order to read it, if it is empty. */
  public void closeIfEmpty(String name) {
    Room room = rooms.get(name);
    if (room != null && all.orders().areShared()) {
      room.closeIfEmpty();
    }
  }

  private void keep(Room room) {
    empty.remove(room);
    empty.put(room, elapsed()); // at the end of the map
    roomsChanged();
    sweepLater();
    if (empty.size() > all.config().limits().emptyRooms() / count) {
      Room oldest = empty.keySet().iterator().next();
      empty.remove(oldest);
      drop(oldest);
    }
  }

  private void drop(Room room) {
    room.log().drop();
    rooms.remove(room.name());
    Room last = inSlots.removeLast();
    if (last != room) {
      inSlots.set(room.slot, last);
      last.slot = room.slot;
    }
    roomsChanged();
    room.order().close();
  }

  @Override
  public int recover(Recovery.Remembered before) {
    var room = new Room(before.name, this, before.epoch, all.rule(before.name), all.orders());
    room.log().recover(before, elapsed(), wallTime());
    register(room);
    keep(room);
    History messages = room.log().history();
    return messages == null ? 0 : messages.size();
  }

  @Override
  public void begin(Journal log) throws IOException {
    history.begin(log, empty.keySet().stream().map(Room::log).toList());
  }

  /** The limits and the journal that the histories of this loop's rooms share. */
  public LoopHistory history() {
    return history;
  }

  void count(Refusal kind) {
    all.refusals().count(kind);
  }

  void note(Incident kind, String name) {
    all.refusals().incidents().note(kind, name, "");
  }

  private void sweepLater() {
    if (!sweeping && (history.bytes() > 0 || !empty.isEmpty())) {
      sweeping = true;
      loop.schedule(
          this::sweep, all.orders().areShared() ? Math.min(sweepEvery, CLUSTER_SWEEP) : sweepEvery);
    }
  }

  @Override
  public long historyBytes() {
    return history.bytes();
  }

  /** Drops empty rooms and forgets old messages. Rare enough to look at every room. */
  private void sweep() {
    sweeping = false;
    long now = elapsed();
    for (var oldest = empty.entrySet().iterator(); oldest.hasNext(); ) {
      Map.Entry<Room, Long> entry = oldest.next();
      if (now - entry.getValue() >= entry.getKey().order().keptFor() && entry.getKey().isEmpty()) {
        oldest.remove();
        drop(entry.getKey());
      }
    }
    rooms.values().forEach(room -> room.log().forget(now));
    history.resume(() -> rooms.values().stream().map(Room::log).toList(), this::tell);
    sweepLater();
  }

  /** A copy of the list of rooms. */
  public List<Room> rooms() {
    return List.copyOf(rooms.values());
  }

  /** Runs a task when a room knows all messages up to a cursor, and up to the end of its order. */
  public void whenKnown(String name, @Nullable Cursor cursor, Runnable task) {
    if (all.orders().areShared()) {
      room(name).order().whenKnown(cursor, task);
    } else {
      task.run();
    }
  }

  private void roomsChanged() {
    stats.set(Gauge.ROOMS, rooms.size() - empty.size());
  }

  /** What this loop counts and measures. */
  public LoopStats stats() {
    return stats;
  }

  /** What this loop remembers of the last minutes. */
  public Recorder recorder() {
    return recorder;
  }

  /** The events of this loop for consumers of the feed. Any thread may call it. */
  public FeedPart feed() {
    return feed;
  }

  /** When the say that is under way on this loop began; 0 if it is not timed. */
  public long sayBegan() {
    return sayBegan;
  }

  /**
   * Traces the say that is made next on this loop, if its receiver has a span; {@link #endTraced}
   * follows.
   *
   * @return the receiver to give to the room
   */
  public Consumer<RoomOrder.SayResult> traced(Consumer<RoomOrder.SayResult> told) {
    SaySpan span = RoomOrder.TracedSay.span(told);
    saySpan = span;
    if (span == null) {
      return told;
    }
    span.ordering();
    return spoken -> {
      RoomOrder.TracedSay.ordered(span, spoken);
      told.accept(spoken);
    };
  }

  /** The say that {@link #traced} began is made. */
  public void endTraced() {
    saySpan = null;
  }

  /** The span of the say that is under way on this loop; null if it has none. */
  @Nullable SaySpan saySpan() {
    return saySpan;
  }

  /** Delivers a message whose say is timed, since the time at which that began. */
  public void timed(long began, Runnable deliver) {
    sayBegan = began;
    try {
      deliver.run();
    } finally {
      sayBegan = 0;
    }
  }

  /** Flushes a fan-out at the end of this turn of the loop, after all input that is ready. */
  void flushLater(Fanout fanout) {
    if (pending.isEmpty()) {
      loop.execute(this::flush);
    }
    pending.add(fanout);
  }

  private void flush() {
    List<Fanout> ready = pending;
    pending = flushing;
    flushing = ready;
    for (Fanout fanout : ready) {
      try {
        fanout.flush();
      } catch (RuntimeException | Error e) {
        // A bug. The batch of this fan-out is lost; the other fan-outs are flushed all the same.
        LOG.log(Level.ERROR, "a fan-out failed", e);
      }
    }
    ready.clear();
  }
}
