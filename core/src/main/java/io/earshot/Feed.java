package io.earshot;

import java.util.List;
import java.util.Set;

/**
 * What happens on the servers of a cluster, for code that must hear of each event: one that sends
 * it to a back end, or stores it. A say does not wait for it.
 *
 * <p>Each event is told at least once, also when a server was killed in between: a single server
 * keeps the events that are not dealt with in files ({@code feed.folder}), a cluster in Redis. The
 * events of a room are told in their order, and one after the other. In a cluster each consumer
 * name is served by one server at a time for each part of the rooms, and by another one when that
 * server dies. Events that wait take up at most {@code feed.bytes}; beyond it the oldest are
 * dropped, which the log and the console say.
 *
 * <p>Thread-safe. The methods may have to write a file, and so are not for event loops, such as the
 * callbacks of stages.
 */
public interface Feed {

  /** A consumer that was added. */
  interface Registration extends AutoCloseable {
    /**
     * Ends the consumer: its threads are interrupted, and this waits until they have ended, for at
     * most 5 s. What it has not dealt with is told when a consumer of its name is added again, as
     * after a restart.
     */
    @Override
    void close();
  }

  /** Deals with events. */
  @FunctionalInterface
  interface Handler {
    /**
     * Deals with events. Called on virtual threads, one for each part of the rooms; it may block as
     * long as it likes, and is interrupted when the server stops or another server takes over.
     *
     * @param events the next events, at least one, in their order
     * @throws Exception if they are not dealt with; the same events come again after a pause that
     *     grows up to a minute
     */
    void handle(List<FeedEvent> events) throws Exception;
  }

  /**
   * Who is told what.
   *
   * @param name the name under which the server remembers what was dealt with: letters, digits, -,
   *     _ and ., at most 64. Two consumers need two names
   * @param types the kinds of events
   * @param rooms the patterns of the names of the rooms; {@code *} matches any characters. Events
   *     without a room match each pattern
   * @param most the largest number of events in one call
   */
  record Consumer(String name, Set<FeedEvent.Type> types, List<String> rooms, int most) {
    /** Copies the collections, and checks the name. */
    public Consumer {
      types = Set.copyOf(types);
      rooms = List.copyOf(rooms);
      if (!name.matches("[A-Za-z0-9_.-]{1,64}")) {
        throw new IllegalArgumentException(
            "the name of a consumer has 1 to 64 letters, digits, -, _ and .");
      }
      if (most < 1) {
        throw new IllegalArgumentException("most must be at least 1");
      }
    }
  }

  /**
   * Adds a consumer. It is told of what happens from now on, and of what happened since a consumer
   * of this name has dealt with the events before. An event that no consumer on this server wants,
   * nor has wanted in the last minute, is not kept; so add consumers before clients can connect, as
   * plug-ins do.
   *
   * @param consumer who is told what
   * @param handler deals with the events
   * @return the registration, which ends it
   * @throws IllegalArgumentException if there is a consumer of that name
   */
  Registration add(Consumer consumer, Handler handler);

  /** Ends all consumers that were added through this object, as {@link Registration#close} does. */
  void removeAll();
}
