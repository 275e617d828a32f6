package io.earshot.connection;

import io.earshot.room.Shard;
import io.earshot.spi.Pace;
import java.util.HashMap;
import java.util.Map;

/**
 * What the connections of one loop have used of their rates of signals. Only those that have sent
 * signals a moment ago are here, so that the others cost nothing.
 *
 * <p>Owned by that event loop.
 */
public final class SignalRates {

  /**
   * How often connections are forgotten that have not sent signals for a while, in milliseconds.
   */
  private static final long SWEEP = 5_000;

  private final Shard shard;
  private final Pace pace;

  /** The buckets, as {@link Pace} keeps them. */
  private final Map<Participant, Long> paidBy = new HashMap<>(0);

  /**
   * No signals yet.
   *
   * @param perSecond the setting {@code limits.signalsPerSecond}
   */
  public SignalRates(Shard shard, int perSecond) {
    this.shard = shard;
    this.pace = new Pace(perSecond, 2 * perSecond);
  }

  /** Whether signals have no rate of their own. */
  public boolean areOff() {
    return pace.isOff();
  }

  /**
   * Counts a signal of a connection.
   *
   * @return 0 if the connection may send it; otherwise how many milliseconds to wait
   */
  public long take(Participant connection) {
    long now = shard.elapsed();
    long spent = pace.spend(paidBy.getOrDefault(connection, 0L), now, 1);
    long wait = pace.overdrawn(spent, now);
    if (wait == 0) {
      if (paidBy.isEmpty()) {
        shard.schedule(this::sweep, SWEEP);
      }
      paidBy.put(connection, spent);
    }
    return wait;
  }

  private void sweep() {
    long now = shard.elapsed();
    paidBy.values().removeIf(each -> pace.isPaid(each, now));
    if (!paidBy.isEmpty()) {
      shard.schedule(this::sweep, SWEEP);
    }
  }
}
