package io.earshot.redis.connection;

import java.lang.System.Logger.Level;
import java.time.InstantSource;

/**
 * How far the wall clock of this server is ahead of that of Redis, which all servers of a cluster
 * can be compared with. Nothing depends on it but the times that people read and the ends of
 * tokens.
 *
 * <p>Owned by the thread of the heartbeat; {@link #millis} may be called from any thread.
 */
public final class ClockSkew {
  private static final System.Logger LOG = System.getLogger(ClockSkew.class.getName());

  /**
   * The skew from which on it is logged, in milliseconds. Clocks that a time service keeps differ
   * by less than 100 ms. With 2 s, messages of two servers visibly have wrong times.
   */
  private static final long BOUND = 2_000;

  private final InstantSource wall;
  private final RateLimitedLog log;
  private volatile long millis;
  private boolean isLogged;

  /**
   * A skew that is not known yet.
   *
   * @param wall the clock of this server
   */
  public ClockSkew(InstantSource wall, RateLimitedLog log) {
    this.wall = wall;
    this.log = log;
  }

  /** The skew at the last beat; less than 0 if this server's clock is behind. */
  public long millis() {
    return millis;
  }

  /**
   * Compares the clocks.
   *
   * @param redis the time of Redis, in milliseconds since 1970
   * @param trip how long the question and its answer were on the way, in milliseconds: by so much
   *     the result may be wrong
   */
  public void compare(long redis, long trip) {
    if (trip > BOUND / 2) {
      return;
    }
    long now = wall.millis() - trip / 2 - redis;
    millis = now;
    boolean isFar = Math.abs(now) > BOUND;
    if (isFar && !isLogged && log.isDue("clock skew")) {
      isLogged = true;
      LOG.log(
          Level.WARNING,
          "the clock of this server is {0} ms {1} that of Redis. Messages show the time of the server"
              + " that published them, and tokens end by each server''s own clock. Use a time service"
              + " such as NTP on all servers.",
          String.valueOf(Math.abs(now)),
          now > 0 ? "ahead of" : "behind");
    } else if (!isFar && isLogged) {
      isLogged = false;
      LOG.log(
          Level.INFO, "the clock of this server and that of Redis agree again, to within 2,000 ms");
    }
  }
}
