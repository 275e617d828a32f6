package io.earshot.monitor;

import io.earshot.room.Room;
import io.earshot.room.Shard;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the rooms of one event loop in steps, one question after the other.
 *
 * <p>Owned by that event loop; any thread may call {@link #begin} and {@link #forgetOld}.
 */
final class ShardScan {
  private static final System.Logger LOG = System.getLogger(ShardScan.class.getName());

  /** How many rooms are looked at in a step. */
  static final int STEP = 500;

  /** The pause between two steps, in milliseconds. */
  private static final long PAUSE = 1;

  /** The time over which a rate is measured, at least and at most, in milliseconds. */
  private static final long SHORTEST = 2_000;

  private static final long LONGEST = 60_000;

  private final Shard shard;
  private final Queue<Scan> scans = new ArrayDeque<>();

  /** The room of each slot when it was marked, and its offset then. */
  private @Nullable Room[] rooms = new Room[0];

  private long[] offsets = new long[0];
  private float[] rates = new float[0];

  /** When the last scan that marked began; rates are those since the scan before it. */
  private long markedAt;

  private boolean isMarked;

  ShardScan(Shard shard) {
    this.shard = shard;
  }

  void begin(
      RoomQuery query,
      Map<String, Long> waitingBytes,
      boolean withRates,
      CompletableFuture<List<RoomLine>> to) {
    shard.tell(
        () -> {
          scans.add(new Scan(query, waitingBytes, withRates, to));
          if (scans.size() == 1) {
            next();
          }
        });
  }

  private void next() {
    Scan scan = scans.peek();
    if (scan != null) {
      scan.begin();
    }
  }

  void forgetOld() {
    shard.tellIfRunning(
        () -> {
          if (isMarked && scans.isEmpty() && shard.elapsed() - markedAt > LONGEST) {
            isMarked = false;
            rooms = new Room[0];
            offsets = new long[0];
            rates = new float[0];
          }
        });
  }

  private void resize(int size) {
    if (rooms.length < size || rooms.length > 2 * size + STEP) {
      rooms = Arrays.copyOf(rooms, size + size / 4);
      offsets = Arrays.copyOf(offsets, rooms.length);
      rates = Arrays.copyOf(rates, rooms.length);
    }
  }

  /** One question, while it is answered. Owned by the event loop. */
  private final class Scan {
    private final RoomQuery query;
    private final Map<String, Long> waitingBytes;
    private final boolean withRates;
    private final CompletableFuture<List<RoomLine>> to;
    private final FirstRooms first;
    private int slot;

    /** How long ago the rooms were marked, in seconds; 0 to leave the marks and the rates. */
    private float seconds;

    private boolean marks;

    Scan(
        RoomQuery query,
        Map<String, Long> waitingBytes,
        boolean withRates,
        CompletableFuture<List<RoomLine>> to) {
      this.query = query;
      this.waitingBytes = waitingBytes;
      this.withRates = withRates;
      this.to = to;
      this.first = new FirstRooms(query);
    }

    void begin() {
      slot = shard.inSlots().size() - 1;
      long now = shard.elapsed();
      long age = now - markedAt;
      marks = withRates && (!isMarked || age >= SHORTEST);
      if (marks) {
        seconds = isMarked && age <= LONGEST ? age / 1_000f : 0;
        resize(slot + 1);
        markedAt = now;
        isMarked = true;
      }
      step();
    }

    /** Looks at some rooms, from the last slot to the first; see {@link Shard#inSlots}. */
    private void step() {
      try {
        List<Room> all = shard.inSlots();
        slot = Math.min(slot, all.size() - 1);
        for (int i = 0; i < STEP && slot >= 0; i++, slot--) {
          look(all.get(slot));
        }
      } catch (RuntimeException | Error e) { // a bug; whoever waits hears of it
        LOG.log(Level.ERROR, "making a list of rooms failed", e);
        to.completeExceptionally(e);
        slot = -1;
      }
      if (slot >= 0) {
        shard.schedule(this::step, PAUSE);
      } else {
        to.complete(first.all());
        scans.remove();
        next();
      }
    }

    private void look(Room room) {
      float rate = withRates ? rate(room) : -1;
      if (!room.hasPeople() || !query.fits(room.name())) {
        return;
      }
      first.offer(
          new RoomLine(
              room.name(), room.roster().size(), rate, waitingBytes.getOrDefault(room.name(), 0L)));
    }

    /** The rate of the room in the slot, which is marked if it is time for that. */
    private float rate(Room room) {
      if (slot >= rooms.length) {
        return -1; // a room of which the marks do not know
      }
      boolean isKnown = rooms[slot] == room;
      if (marks) {
        if (room.end() == null) { // in a cluster; its first offset is no message of these seconds
          rooms[slot] = null;
          return -1;
        }
        long now = RoomScan.offset(room);
        rates[slot] = isKnown && seconds > 0 ? Math.max(0, now - offsets[slot]) / seconds : -1;
        offsets[slot] = now;
        rooms[slot] = room;
        return rates[slot];
      }
      return isKnown ? rates[slot] : -1;
    }
  }
}
