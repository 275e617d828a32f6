package io.earshot.redis;

import static io.earshot.redis.connection.Utf8.bytes;
import static io.earshot.redis.connection.Utf8.text;
import static io.earshot.redis.link.Patience.await;

import io.earshot.redis.connection.Connections;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Removes the members of dead owners from their rooms. Each room announces the leave of each member
 * once, however many servers do this at the same time.
 *
 * <p>Owned by the thread of {@link Heartbeat}, and by one virtual thread at a time, which alone
 * uses the set of finished owners.
 */
final class Reaper {
  private static final System.Logger LOG = System.getLogger(Reaper.class.getName());
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** For how long one server alone removes the members of an owner. */
  private static final long EXCLUSIVE_MILLIS = 15_000;

  /** How many rooms are worked on at once. */
  private static final int MAX_ROOMS = 64;

  /**
   * How many members are removed at once, from all rooms together: for Redis some 10 ms of work.
   */
  private static final int MAX_LEAVES = 512;

  private final ClusterState state;
  private final Keys keys;
  private final RoomMembers members;
  private final RoomCommands rooms;
  private final Bus bus;
  private final AtomicBoolean working = new AtomicBoolean();
  private final Set<String> finished = new HashSet<>();

  Reaper(ClusterState state, Keys keys, RoomMembers members, RoomCommands rooms, Bus bus) {
    this.state = state;
    this.keys = keys;
    this.members = members;
    this.rooms = rooms;
    this.bus = bus;
  }

  /** Starts to remove the members of these owners, unless it is already at work. Does not block. */
  void reap(Set<String> dead) {
    if (!dead.isEmpty() && working.compareAndSet(false, true)) {
      Thread.startVirtualThread(() -> reapAll(dead));
    }
  }

  private void reapAll(Set<String> dead) {
    try {
      finished.retainAll(dead);
      for (String owner : dead) {
        if (!finished.contains(owner) && reap(owner)) {
          finished.add(owner);
        }
      }
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      // This server or another tries again with the next beat.
      LOG.log(Level.DEBUG, "the members of a dead server could not be removed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      working.set(false);
    }
  }

  /** Returns whether the owner had left nothing in any room. */
  private boolean reap(String owner)
      throws InterruptedException, ExecutionException, TimeoutException {
    Connections redis = state.connections();
    if (redis == null) {
      return false;
    }
    List<String> indexed = await(redis.elements(keys.rooms(owner)), TIMEOUT);
    if (indexed.isEmpty()) {
      return true;
    }
    String lock = keys.reaper(owner);
    if (!claim(redis, lock)) {
      return false;
    }
    try {
      reap(redis, owner, indexed);
    } finally {
      release(lock);
    }
    return false; // the next beat looks again
  }

  /** Takes the lock; it may be left from an earlier attempt of this server, or of a dead one. */
  private boolean claim(Connections redis, String lock)
      throws InterruptedException, ExecutionException, TimeoutException {
    Object holder =
        await(
            redis.runForValue(
                Scripts.CLAIM,
                new String[] {lock},
                bytes(state.peer()),
                bytes(EXCLUSIVE_MILLIS),
                bytes(" " + String.join(" ", state.deadPeers()) + " ")),
            TIMEOUT);
    return text(holder).equals(state.peer());
  }

  private void release(String lock) {
    Connections redis = state.connections();
    if (redis != null) {
      var unused = redis.runForValue(Scripts.RELEASE, new String[] {lock}, bytes(state.peer()));
    }
  }

  /** Works on several rooms at once. A room that fails does not keep the others waiting. */
  private void reap(Connections redis, String owner, List<String> indexed)
      throws InterruptedException {
    var removed = new AtomicInteger();
    var failed = new AtomicInteger();
    var rooms = new Semaphore(MAX_ROOMS);
    var leaves = new Semaphore(MAX_LEAVES);
    for (String room : indexed) {
      rooms.acquire();
      Thread.startVirtualThread(
          () -> {
            try {
              removed.addAndGet(reap(redis, owner, room, leaves));
            } catch (ExecutionException | TimeoutException | RuntimeException e) {
              failed.incrementAndGet();
              LOG.log(Level.DEBUG, "the members of a dead server stay in a room for now", e);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            } finally {
              rooms.release();
            }
          });
    }
    rooms.acquire(MAX_ROOMS);
    if (failed.get() == 0) {
      String what =
          removed.get() == 0
              ? "the server {0} is gone; it had no members any more"
              : "the server {0} is dead; removed {1} members of its rooms";
      LOG.log(Level.INFO, what, owner, removed);
    }
  }

  /** Returns how many members the owner had in a room. */
  private int reap(Connections redis, String owner, String room, Semaphore permits)
      throws InterruptedException, ExecutionException, TimeoutException {
    var leaving = new ArrayList<CompletableFuture<?>>();
    for (RoomMembers.StoredMember member : await(members.stored(room), TIMEOUT)) {
      if (member.owner().equals(owner)) {
        if (!permits.tryAcquire(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new TimeoutException(); // so that the wait for all rooms has a bound as well
        }
        leaving.add(
            leave(room, member, owner).whenComplete((ignored, failure) -> permits.release()));
      }
    }
    await(CompletableFuture.allOf(leaving.toArray(CompletableFuture<?>[]::new)), TIMEOUT);
    String peer = ClusterState.peerOf(owner);
    if (state.deadPeers().contains(peer)) {
      // Otherwise a room that is never empty would keep a number for every past server.
      redis.deleteFields(keys.head(room), Keys.numbers(peer));
    }
    redis.deleteFields(keys.head(room), Keys.tally(owner));
    redis.remove(keys.rooms(owner), room);
    return leaving.size();
  }

  private CompletableFuture<?> leave(String room, RoomMembers.StoredMember member, String owner) {
    String id = member.id();
    return rooms
        .leave(
            room,
            id,
            owner,
            bus.leaveAnnouncement(id, member.user()),
            bus.announcesUpTo(room),
            bus.terms(room))
        .toCompletableFuture();
  }
}
