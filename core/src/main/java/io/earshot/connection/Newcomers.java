package io.earshot.connection;

import io.earshot.room.Shard;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * The new connections of one loop that are not announced yet, in the order in which they came. All
 * of them wait for the same time, so one timer serves them.
 *
 * <p>Owned by that event loop.
 */
public final class Newcomers {
  /** Connections that are due within this time are announced together, in milliseconds. */
  private static final long GRAIN = 20;

  private final Shard shard;
  private final long wait;
  private final Queue<Newcomer> waiting = new ArrayDeque<>(0);

  private record Newcomer(long due, Runnable announce) {}

  /**
   * No connections yet.
   *
   * @param wait the setting {@code rooms.announceAfter}, in milliseconds
   */
  public Newcomers(Shard shard, long wait) {
    this.shard = shard;
    this.wait = wait;
  }

  /** Whether connections are announced at once. */
  public boolean areOff() {
    return wait == 0;
  }

  /** Announces a connection after the time, unless it was announced by then. */
  public void add(Runnable announce) {
    waiting.add(new Newcomer(shard.elapsed() + wait, announce));
    if (waiting.size() == 1) {
      shard.schedule(this::check, wait);
    }
  }

  private void check() {
    long now = shard.elapsed() + GRAIN / 2;
    for (Newcomer next = waiting.peek(); next != null; next = waiting.peek()) {
      if (next.due > now) {
        shard.schedule(this::check, Math.max(GRAIN, next.due - now));
        return;
      }
      waiting.remove();
      next.announce.run();
    }
  }
}
