package io.earshot;

import java.util.concurrent.CompletionStage;

/** The users who are online, on all servers of the cluster. Thread-safe. */
public interface Users {

  /**
   * Finds the connections of a user.
   *
   * @param id the user's id
   * @return where the user is online; without connections if nowhere. Completed on any thread,
   *     within a bounded time
   */
  CompletionStage<UserPresence> find(String id);

  /**
   * Makes all connections that a user has now members of a room; see {@link Connection#join}.
   *
   * @param id the user's id
   * @param room the room's name
   * @return how many connections join. Completed on any thread, within a bounded time
   * @throws IllegalArgumentException if no client can join a room of this name
   */
  CompletionStage<Moved> join(String id, String room);

  /**
   * Makes all connections that a user has now leave a room; see {@link Connection#leave}.
   *
   * @param id the user's id
   * @param room the room's name
   * @return how many connections leave. Completed on any thread, within a bounded time
   * @throws IllegalArgumentException if no client can join a room of this name
   */
  CompletionStage<Moved> leave(String id, String room);

  /**
   * The connections of a user that join or leave a room. Immutable.
   *
   * @param connections how many there are
   * @param isComplete whether all servers of the cluster have answered
   */
  record Moved(int connections, boolean isComplete) {
    /**
     * Adds the connections of another server.
     *
     * @param other the connections of the other server
     * @return the sum
     */
    public Moved plus(Moved other) {
      return new Moved(connections + other.connections, isComplete && other.isComplete);
    }
  }
}
