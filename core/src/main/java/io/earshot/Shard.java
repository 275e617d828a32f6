package io.earshot;

import io.earshot.spi.Loop;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One event loop and what it owns of the rooms: those that live on it, and the fan-outs to its
 * connections that have something pending.
 *
 * <p>Owned by that event loop; {@link #tell} alone may be called from anywhere.
 */
final class Shard {
  private static final System.Logger LOG = System.getLogger(Shard.class.getName());

  private final Earshot earshot;
  private final Loop loop;
  private final InstantSource clock;
  private final Map<String, Room> rooms = new HashMap<>();
  private long messages;
  private List<Fanout> pending = new ArrayList<>();
  private List<Fanout> flushing = new ArrayList<>();

  Shard(Earshot earshot, Loop loop, InstantSource clock) {
    this.earshot = earshot;
    this.loop = loop;
    this.clock = clock;
  }

  Earshot earshot() {
    return earshot;
  }

  long now() {
    return clock.millis();
  }

  /** Whether a room with so many members hears of those who come and go. */
  boolean announces(int members) {
    Config.Rooms settings = earshot.config().rooms();
    return settings.announcements() && members <= settings.announcementsUpTo();
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

  /** The room of this name, made if nobody was in it. */
  Room room(String name) {
    return rooms.computeIfAbsent(name, key -> new Room(key, this));
  }

  /** The room of this name, or null where nobody is in it. */
  @Nullable Room roomIfAny(String name) {
    return rooms.get(name);
  }

  void forget(Room room) {
    rooms.remove(room.name(), room);
  }

  int roomCount() {
    return rooms.size();
  }

  /** Counts a message that a room here has told. */
  void countMessage() {
    messages++;
  }

  long messageCount() {
    return messages;
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
