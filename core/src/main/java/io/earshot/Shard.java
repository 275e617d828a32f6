package io.earshot;

import io.earshot.spi.Loop;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One event loop and what it owns of the rooms: those that live on it, and the fan-outs to its
 * connections that have something pending.
 *
 * <p>Owned by that event loop; {@link #tell} alone may be called from anywhere.
 */
final class Shard {
  private static final System.Logger LOG = System.getLogger(Shard.class.getName());

  /** How often to look for rooms that need not be heard any more, in milliseconds. */
  private static final long CLUSTER_AGE = 5_000;

  /**
   * So many rooms ask the other servers at once for what they missed: all of them in one moment
   * would keep what is behind the broker busy for longer than it is waited for.
   */
  private static final int MOST_ASKING = 250;

  private final Earshot earshot;
  private final int index;
  private final Loop loop;
  private final InstantSource clock;
  private final Map<String, Room> rooms = new HashMap<>();

  /** Rooms that nobody is in, the longest so first, and since when. */
  private final Map<Room, Long> empty = new LinkedHashMap<>();

  /** Those that are to ask for what they missed, the next first, and how many do. */
  private final Queue<RoomLink> inTurn = new ArrayDeque<>(0);

  private int asking;
  private final RoomRules rules;
  private final long repeatWindow;
  private final long age;
  private final Waiters waiters;
  private long historyBytes;
  private @Nullable Journal journal;
  private boolean sweeping;
  private int epochs;
  private long messages;
  private long leftOut;
  private long cutOff;
  private List<Fanout> pending = new ArrayList<>();
  private List<Fanout> flushing = new ArrayList<>();

  Shard(Earshot earshot, int index, Loop loop, InstantSource clock) {
    this.index = index;
    this.earshot = earshot;
    this.loop = loop;
    this.clock = clock;
    Config config = earshot.config();
    this.rules = earshot.rules();
    this.repeatWindow = config.general().repeatWindow().toMillis();
    this.age = Math.max(1_000, config.rooms().historyAge().toMillis());
    this.waiters = new Waiters(this);
  }

  /** Those who wait for what rooms here tell next. */
  Waiters waiters() {
    return waiters;
  }

  Earshot earshot() {
    return earshot;
  }

  int index() {
    return index;
  }

  long now() {
    return clock.millis();
  }

  /**
   * Runs a task on this loop: now if that is where the caller is, else after what was told before.
   */
  void tell(Runnable task) {
    if (loop.inLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /**
   * Runs a task on this loop once what runs now has ended, so that nothing changes under its feet.
   */
  void later(Runnable task) {
    loop.execute(task);
  }

  /** Runs a task on this loop after so many milliseconds. */
  void schedule(Runnable task, long millis) {
    loop.schedule(task, millis);
  }

  long repeatWindow() {
    return repeatWindow;
  }

  /** The room of this name, for somebody who comes; made if nobody knows it. */
  Room room(String name) {
    Room room = rooms.get(name);
    if (room == null) {
      Cluster cluster = earshot.cluster();
      room = new Room(name, this, cluster == null ? newEpoch() : "", rules.of(name), cluster);
      rooms.put(name, room);
    } else if (room.isEmpty()) {
      empty.remove(room);
    }
    return room;
  }

  /** Different for each room, each shard, and each start of the server. */
  private String newEpoch() {
    return earshot.boot() + Long.toString(epochs++ * (long) earshot.loopCount() + index, 36);
  }

  /** The room of this name, or null where nobody is in it, or was lately. */
  @Nullable Room roomIfAny(String name) {
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
  void closeIfEmpty(String name) {
    Room room = rooms.get(name);
    if (room != null && earshot.cluster() != null) {
      room.closeIfEmpty();
    }
  }

  private void keep(Room room) {
    empty.remove(room);
    empty.put(room, now()); // now the youngest
    sweepLater();
    if (empty.size() > earshot.config().limits().emptyRooms() / earshot.loopCount()) {
      Room oldest = empty.keySet().iterator().next();
      empty.remove(oldest);
      drop(oldest);
    }
  }

  private void drop(Room room) {
    room.forgetAll();
    rooms.remove(room.name());
    RoomLink link = room.link();
    if (link != null) {
      link.close();
    }
    if (journal != null) {
      journal.dropped(room);
    }
  }

  /**
   * Takes a room over from the run before, as one that nobody is in; before the loop runs.
   *
   * @return how many messages it still remembers
   */
  int recover(Recovery.Remembered before) {
    var room = new Room(before.name, this, before.epoch, rules.of(before.name), null);
    room.recover(before);
    rooms.put(room.name(), room);
    keep(room);
    return room.history() == null ? 0 : room.history().size();
  }

  /** Keeps a log of the rooms from now on; before the loop runs. */
  void begin(Journal log) throws IOException {
    log.recovered(empty.keySet());
    journal = log;
  }

  /** Writes what a room has told last, if there is a log. */
  void write(Room room, long now) {
    if (journal != null) {
      journal.told(room, now);
    }
  }

  /** So many bytes more, or fewer, are remembered by the rooms here. */
  void remembered(int more) {
    historyBytes += more;
    sweepLater();
  }

  private void sweepLater() {
    if (!sweeping && (historyBytes > 0 || !empty.isEmpty())) {
      sweeping = true;
      loop.schedule(this::sweep, earshot.cluster() == null ? age : Math.min(age, CLUSTER_AGE));
    }
  }

  long historyBytes() {
    return historyBytes;
  }

  /** How many bytes more the rooms here may remember. */
  long spareHistory() {
    return earshot.config().limits().historyBytes() / earshot.loopCount() - historyBytes;
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
    rooms.values().forEach(room -> room.forget(now));
    sweepLater();
  }

  /** The links of the rooms here to those on other servers; none where there are none. */
  void forEachLink(Consumer<RoomLink> each) {
    for (Room room : List.copyOf(rooms.values())) {
      RoomLink link = room.link();
      if (link != null) {
        each.accept(link);
      }
    }
  }

  /** Lets a room ask for what it has missed, once few enough others do. */
  void askInTurn(RoomLink link) {
    inTurn.add(link);
    askNext();
  }

  private void askNext() {
    RoomLink next = asking < MOST_ASKING ? inTurn.poll() : null;
    if (next != null) {
      asking++;
      var _ =
          next.turn()
              .whenComplete(
                  (_, _) ->
                      later(
                          () -> {
                            asking--;
                            askNext();
                          }));
    }
  }

  /** How many rooms somebody is in or listens to. */
  int roomCount() {
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
  void countCutOff() {
    cutOff++;
  }

  /** What this loop has done. */
  Rooms.Count count() {
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
