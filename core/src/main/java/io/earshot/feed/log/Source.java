package io.earshot.feed.log;

import io.earshot.FeedEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The events of one part for one consumer, in their order.
 *
 * <p>Owned by the virtual thread that deals with them; {@link #waiting} and {@link #isLost} are
 * callable from any thread.
 */
public interface Source {

  /**
   * Waits for the next events that the consumer wants. Those of the last call come again unless
   * {@link #done} was called.
   *
   * @return at least one event; null if the part is over, as one of an earlier run
   */
  @Nullable List<FeedEvent> next() throws InterruptedException;

  /** This thread begins to deal with the events. It may be interrupted from now on. */
  default void begins() {}

  /** This thread no longer deals with the events, and is not interrupted any more. */
  default void ends() {}

  /** Whether another server deals with these events now. */
  default boolean isLost() {
    return false;
  }

  /** The events of the last {@link #next} are dealt with. */
  void done();

  /** Nobody deals with the part any more on this server. */
  default void close() {}

  /**
   * How many events of the part the consumer has not dealt with; those that it does not want count.
   */
  long waiting();
}
