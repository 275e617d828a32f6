package io.earshot.redis.connection;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * Gives each element of a collection its turn once in a while, a few elements at a time. If that is
 * more than a number of elements a second, the turns take longer.
 *
 * <p>Owned by one thread.
 *
 * @param <T> the type of the elements
 */
public final class Turns<T> {
  private final long roundMillis;
  private final long mostASecond;
  private Iterator<T> rest = Collections.emptyIterator();
  private long last;

  /**
   * The first turns begin now.
   *
   * @param round how long it takes until all have had their turn
   * @param mostASecond the largest number of turns in a second
   * @param now the time, in nanoseconds
   */
  public Turns(Duration round, int mostASecond, long now) {
    this.roundMillis = round.toMillis();
    this.mostASecond = mostASecond;
    this.last = now;
  }

  /**
   * The elements whose turn it is.
   *
   * @param all the elements; may change from call to call, and at any time if it is concurrent
   * @param now the time, in nanoseconds
   */
  public List<T> due(Collection<T> all, long now) {
    long millis = Math.min((now - last) / 1_000_000, roundMillis);
    long count =
        Math.min(
            Math.ceilDiv(all.size() * millis, roundMillis),
            Math.ceilDiv(mostASecond * millis, 1_000));
    if (count > 0) {
      last = now;
    }
    var due = new ArrayList<T>();
    while (due.size() < count) {
      if (!rest.hasNext()) {
        rest = all.iterator();
        if (!rest.hasNext()) {
          break;
        }
      }
      due.add(rest.next());
    }
    return due;
  }
}
