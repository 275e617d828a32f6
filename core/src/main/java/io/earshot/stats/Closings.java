package io.earshot.stats;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;

/**
 * Why the last connections ended: a bounded number of them.
 *
 * <p>Thread-safe: an array of immutable entries, which are replaced in turn without a lock.
 */
public final class Closings {
  private static final int MOST = 1_024;

  private final AtomicReferenceArray<Closing> last = new AtomicReferenceArray<>(MOST);
  private final AtomicLong count = new AtomicLong();

  /**
   * The end of a connection.
   *
   * @param id the public id of the connection
   * @param user the id of its user; empty for none
   * @param reason why it ended
   * @param at when, in milliseconds since 1970
   */
  public record Closing(String id, String user, String reason, long at) {}

  /** No connection has ended. */
  public Closings() {}

  /**
   * Adds the end of a connection, in the place of the oldest one.
   *
   * @param closing the end
   */
  public void add(Closing closing) {
    last.set((int) (count.getAndIncrement() % MOST), closing);
  }

  /**
   * Finds ends among the last ones.
   *
   * @param which which ones
   * @return the ends, the oldest first
   */
  public List<Closing> find(Predicate<Closing> which) {
    var found = new ArrayList<Closing>();
    long end = count.get();
    for (long i = Math.max(0, end - MOST); i < end; i++) {
      Closing each = last.get((int) (i % MOST));
      if (each != null && which.test(each)) {
        found.add(each);
      }
    }
    return found;
  }
}
