package io.earshot.feed.log;

import io.earshot.Feed;
import java.util.List;

/**
 * Where events wait until they are dealt with.
 *
 * <p>Thread-safe. No method may be called on an event loop, as it may have to write a file, except
 * {@link #sink}, {@link #dropped} and {@link #unsent}.
 */
public interface Store {

  /** What takes the events of an event loop. */
  Sink sink(int loop);

  /**
   * Adds a consumer, and remembers where its events begin.
   *
   * @return what it has to deal with: groups of sources, each of which begins when the group before
   *     is over
   */
  List<List<Source>> add(Feed.Consumer consumer);

  /** Remembers what a consumer has dealt with, which is not served any more. */
  void remove(Feed.Consumer consumer);

  /** How many events were dropped before they were dealt with. */
  long dropped();

  /** How many events wait on this server for a store that other servers share. */
  default long unsent() {
    return 0;
  }

  /** Tells an operator what is wrong. Thread-safe. */
  @FunctionalInterface
  interface Trouble {
    /**
     * Something is wrong.
     *
     * @param name the name of what it is about; one of few
     * @param what a sentence
     */
    void tell(String name, String what);
  }
}
