package io.earshot.redis;

import static io.earshot.redis.connection.Failures.await;

import io.earshot.protocol.Post;
import io.earshot.redis.connection.Connections;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

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

  /** Returns whether the owner had no members left. */
  private boolean reap(String owner)
      throws InterruptedException, ExecutionException, TimeoutException {
    Connections redis = state.connections();
    if (redis == null) {
      return false;
    }
    String index = keys.rooms(owner);
    List<String> indexed = await(redis.elements(index), TIMEOUT);
    if (indexed.isEmpty()) {
      return true;
    }
    String lock = keys.reaper(owner);
    if (!await(redis.setIfAbsent(lock, state.peer(), EXCLUSIVE_MILLIS), TIMEOUT)) {
      return false;
    }
    String peer = ClusterState.peerOf(owner);
    int removed = 0;
    for (String room : indexed) {
      var leaving = new ArrayList<CompletableFuture<?>>();
      for (RoomMembers.StoredMember member : await(members.stored(room), TIMEOUT)) {
        if (member.owner().equals(owner)) {
          leaving.add(leave(room, member.id(), owner));
        }
      }
      removed += leaving.size();
      await(CompletableFuture.allOf(leaving.toArray(CompletableFuture<?>[]::new)), TIMEOUT);
      // Otherwise a room that is never empty would keep a number for every past server.
      redis.deleteFields(
          keys.head(room), "n:" + peer, "n:" + new Post.Origin(peer, 0).apart().peer());
      redis.remove(index, room);
    }
    LOG.log(Level.INFO, "the server {0} is dead; removed {1} members of its rooms", owner, removed);
    redis.delete(lock);
    return false; // the next beat looks again
  }

  private CompletableFuture<?> leave(String room, String id, String owner) {
    Terms terms = bus.terms(room);
    return rooms
        .leave(room, id, owner, bus.leaveAnnouncement(id), bus.announcesUpTo(room), terms)
        .toCompletableFuture();
  }
}
