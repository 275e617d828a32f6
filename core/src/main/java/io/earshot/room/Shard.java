package io.earshot.room;

import io.earshot.Config;
import io.earshot.RoomCount;
import io.earshot.history.History;
import io.earshot.history.HistoryBudget;
import io.earshot.history.Journal;
import io.earshot.history.Recovery;
import io.earshot.history.RecoveryTarget;
import io.earshot.history.RoomLog;
import io.earshot.protocol.Cursor;
import io.earshot.spi.Loop;
import io.earshot.spi.Refusal;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One event loop and what it owns of the rooms: those that live on it, and the fan-outs to its
 * connections that have something pending.
 *
 * <p>Owned by that event loop; {@link #tell} alone may be called from anywhere.
 */
public final class Shard implements RecoveryTarget {
  private static final System.Logger LOG = System.getLogger(Shard.class.getName());

  /** How often to look for rooms that need not be heard any more, in milliseconds. */
  private static final long CLUSTER_AGE = 5_000;

  private final Rooms all;
  private final int count;
  private final int index;
  private final Loop loop;
  private final Map<String, Room> rooms = new HashMap<>();

  /** Rooms that nobody is in, the longest so first, and since when. */
  private final Map<Room, Long> empty = new LinkedHashMap<>();

  private final long repeatWindow;
  private final long age;
  private final LongPolls polls;
  private final HistoryBudget budget;
  private @Nullable Journal journal;
  private boolean sweeping;
  private int epochs;
  private long messages;
  private long leftOut;
  private long cutOff;
  private List<Fanout> pending = new ArrayList<>();
  private List<Fanout> flushing = new ArrayList<>();

  Shard(Rooms all, int index, int count, Loop loop) {
    this.all = all;
    this.index = index;
    this.count = count;
    this.loop = loop;
    Config config = all.config();
    this.repeatWindow = config.general().repeatWindow().toMillis();
    this.age = Math.max(1_000, config.rooms().historyAge().toMillis());
    this.budget = new HistoryBudget(config.limits().historyBytes() / count, this::sweepLater);
    this.polls = new LongPolls(this, all.polls(), config.limits().waitingPolls());
  }

  /** Those who wait for what rooms here tell next. */
  public LongPolls polls() {
    return polls;
  }

  public int index() {
    return index;
  }

  public long now() {
    return all.now();
  }

  /**
   * Runs a task on this loop: now if that is where the caller is, else after what was told before.
   */
  public void tell(Runnable task) {
    if (loop.inLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /**
   * Runs a task on this loop once what runs now has ended, so that nothing changes under its feet.
   */
  public void later(Runnable task) {
    loop.execute(task);
  }

  /** Runs a task on this loop after so many milliseconds. */
  public void schedule(Runnable task, long millis) {
    loop.schedule(task, millis);
  }

  /**
   * Sends a member's message to its room.
   *
   * @param told called on the member's loop with the place in the room's order; without one if
   *     there is no such room any more
   */
  public void say(Member speaker, Room.Saying saying, Consumer<Room.Spoken> told) {
    Subscriber connection = speaker.connection;
    tell(
        () -> {
          Room room = rooms.get(speaker.room);
          if (room == null) {
            connection.tell(() -> told.accept(new Room.Spoken(null, null)));
          } else {
            room.say(speaker, saying, spoken -> connection.tell(() -> told.accept(spoken)));
          }
        });
  }

  public long repeatWindow() {
    return repeatWindow;
  }

  /** The room of this name, for somebody who comes; made if nobody knows it. */
  public Room room(String name) {
    Room room = rooms.get(name);
    if (room == null) {
      RoomOrders orders = all.orders();
      room = new Room(name, this, orders.areShared() ? "" : newEpoch(), all.rule(name), orders);
      rooms.put(name, room);
    } else if (room.isEmpty()) {
      empty.remove(room);
    }
    return room;
  }

  /** Different for each room, each shard, and each start of the server. */
  private String newEpoch() {
    return all.boot() + Long.toString(epochs++ * (long) count + index, 36);
  }

  /** The room of this name, or null where nobody is in it, or was lately. */
  public @Nullable Room roomIfAny(String name) {
    return rooms.get(name);
  }

  /** Nobody is in a room any more. If it told something lately it is remembered for a while. */
  void emptied(Room room) {
    if (rooms.get(room.name()) != room) {
      return; // it is forgotten already
    }
    if (room.keptFor() == 0) {
      empty.remove(room);
      drop(room);
    } else {
      keep(room);
    }
  }

  /** Forgets a room that somebody looked at, if nobody needs it. */
  public void closeIfEmpty(String name) {
    Room room = rooms.get(name);
    if (room != null && all.orders().areShared()) {
      room.closeIfEmpty();
    }
  }

  private void keep(Room room) {
    empty.remove(room);
    empty.put(room, now()); // now the youngest
    sweepLater();
    if (empty.size() > all.config().limits().emptyRooms() / count) {
      Room oldest = empty.keySet().iterator().next();
      empty.remove(oldest);
      drop(oldest);
    }
  }

  private void drop(Room room) {
    room.log().forgetAll();
    rooms.remove(room.name());
    room.order().close();
    if (journal != null) {
      journal.dropped(room.log());
    }
  }

  @Override
  public int recover(Recovery.Remembered before) {
    var room = new Room(before.name, this, before.epoch, all.rule(before.name), all.orders());
    room.log().recover(before, now());
    rooms.put(room.name(), room);
    keep(room);
    History history = room.log().history();
    return history == null ? 0 : history.size();
  }

  @Override
  public void begin(Journal log) throws IOException {
    log.recovered(empty.keySet().stream().map(Room::log).toList());
    journal = log;
  }

  /** Writes what a room has told last, if there is a log. */
  void write(RoomLog room, long now) {
    if (journal != null) {
      journal.told(room, now);
    }
  }

  /** How much the rooms here remember, and may. */
  public HistoryBudget budget() {
    return budget;
  }

  /** Counts something that was refused. */
  void count(Refusal kind) {
    all.refusals().count(kind);
  }

  private void sweepLater() {
    if (!sweeping && (budget.bytes() > 0 || !empty.isEmpty())) {
      sweeping = true;
      loop.schedule(this::sweep, all.orders().areShared() ? Math.min(age, CLUSTER_AGE) : age);
    }
  }

  @Override
  public long historyBytes() {
    return budget.bytes();
  }

  /** Forgets what is too old. Seldom enough for a look at each room. */
  private void sweep() {
    sweeping = false;
    long now = now();
    for (var oldest = empty.entrySet().iterator(); oldest.hasNext(); ) {
      Map.Entry<Room, Long> entry = oldest.next();
      if (now - entry.getValue() >= entry.getKey().keptFor() && entry.getKey().isEmpty()) {
        oldest.remove();
        drop(entry.getKey());
      }
    }
    rooms.values().forEach(room -> room.log().forget(now));
    sweepLater();
  }

  /** The rooms here, at this moment. */
  public List<Room> rooms() {
    return List.copyOf(rooms.values());
  }

  /** Runs something once a room knows all that was told, and what somebody knows. */
  public void whenKnown(String name, @Nullable Cursor cursor, Runnable task) {
    if (all.orders().areShared()) {
      room(name).order().whenKnown(cursor, task);
    } else {
      task.run();
    }
  }

  /** How many rooms somebody is in or listens to. */
  public int roomCount() {
    return rooms.size() - empty.size();
  }

  /** The first by name, after a name, of the rooms that somebody is in or listens to. */
  List<RoomCount> page(String after, int limit) {
    var page = new TreeMap<String, RoomCount>();
    for (Room room : rooms.values()) {
      boolean isFull = page.size() == limit;
      String name = room.name();
      if (name.compareTo(after) > 0
          && (!isFull || name.compareTo(page.lastKey()) < 0)
          && room.hasPeople()) {
        page.put(name, new RoomCount(name, room.roster().size()));
        if (isFull) {
          page.pollLastEntry();
        }
      }
    }
    return List.copyOf(page.values());
  }

  /** Counts a message that was left out for somebody. */
  void countLeftOut() {
    leftOut++;
  }

  /** Counts a client that was cut off since it did not keep up. */
  public void countCutOff() {
    cutOff++;
  }

  /** What this loop has done. */
  public Rooms.Count count() {
    return new Rooms.Count(roomCount(), messages, leftOut, cutOff);
  }

  /** Counts a message that a room here has told. */
  void countMessage() {
    messages++;
  }

  /**
   * Flushes a fan-out at the end of this turn of the loop, when all that is ready has been read.
   */
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
        // A fault of ours. It costs what this one had pending; the others are on their turn.
        LOG.log(Level.ERROR, "a fan-out failed", e);
      }
    }
    ready.clear();
  }
}
