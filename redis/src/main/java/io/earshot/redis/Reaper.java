package io.earshot.redis;

import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Clears up after servers that are dead: their members leave, and their rooms are told, each once
 * however many servers see to it.
 *
 * <p>Owned by the thread of {@link Life}, and by one of its own at a time, which alone looks at
 * what is done.
 */
final class Reaper {
  private static final System.Logger LOG = System.getLogger(Reaper.class.getName());

  /** For how long nobody else sees to the same, in milliseconds. */
  private static final long ALONE = 15_000;

  private final RedisBroker broker;
  private final Bus bus;
  private final AtomicBoolean working = new AtomicBoolean();
  private final Set<String> done = new HashSet<>();

  Reaper(RedisBroker broker, Bus bus) {
    this.broker = broker;
    this.bus = bus;
  }

  /** Sees to it that nothing is left of these owners. Returns at once. */
  void reap(Set<String> dead) {
    if (!dead.isEmpty() && working.compareAndSet(false, true)) {
      Thread.startVirtualThread(() -> reapAll(dead));
    }
  }

  private void reapAll(Set<String> dead) {
    try {
      done.retainAll(dead);
      for (String owner : dead) {
        if (!done.contains(owner) && reap(owner)) {
          done.add(owner);
        }
      }
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      // Tried again with the next beat, by this server or another.
      LOG.log(Level.DEBUG, "clearing up after a dead server failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      working.set(false);
    }
  }

  /** Returns whether nothing is left. */
  private boolean reap(String owner)
      throws InterruptedException, ExecutionException, TimeoutException {
    Connections link = broker.alive().link();
    if (link == null) {
      return false;
    }
    String index = broker.keys().rooms(owner);
    List<String> rooms = await(link.listed(index));
    if (rooms.isEmpty()) {
      return true;
    }
    String alone = broker.keys().reaper(owner);
    if (!await(link.setIfNew(alone, broker.alive().peer(), ALONE))) {
      return false;
    }
    String peer = owner.substring(0, owner.lastIndexOf('.'));
    int gone = 0;
    for (String room : rooms) {
      var leaving = new ArrayList<CompletableFuture<?>>();
      for (RedisBroker.Listed member : await(broker.listed(room))) {
        if (member.owner().equals(owner)) {
          leaving.add(leave(room, member.id(), owner));
        }
      }
      gone += leaving.size();
      await(CompletableFuture.allOf(leaving.toArray(CompletableFuture<?>[]::new)));
      // So that a room that is never empty does not remember every server there ever was.
      link.forgetFields(
          broker.keys().head(room), "n:" + peer, "n:" + new Post.Origin(peer, 0).apart().peer());
      link.forget(index, room);
    }
    LOG.log(Level.INFO, "the server {0} is dead; {1} members of its rooms have left", owner, gone);
    link.release(alone);
    return false; // looked at once more
  }

  private CompletableFuture<?> leave(String room, String id, String owner) {
    Broker.Terms terms = bus.terms(room);
    return broker
        .leave(room, id, owner, bus.farewell(id), bus.announcesUpTo(room), terms)
        .toCompletableFuture();
  }

  private <T> T await(CompletionStage<T> stage)
      throws InterruptedException, ExecutionException, TimeoutException {
    long patience = Duration.ofSeconds(10).toMillis();
    return stage.toCompletableFuture().get(patience, TimeUnit.MILLISECONDS);
  }
}
