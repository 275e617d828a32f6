package io.earshot;

import java.util.Collection;
import java.util.Optional;

/**
 * The actions of a server, by name.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface Actions {
  /**
   * Adds an action. It replaces an action of the same name, whose running calls continue. An
   * exception that the action's own {@code name}, {@code required} or {@code optional} throws is
   * passed on.
   *
   * @param action the action
   * @throws IllegalArgumentException if its name is empty, or contains a blank, a slash or a
   *     control character
   */
  void add(Action action);

  /**
   * Removes an action. Its running calls continue. If there is no such action, nothing happens.
   *
   * @param name its name
   */
  void remove(String name);

  /**
   * Finds an action.
   *
   * @param name its name
   * @return the action, or empty if there is none
   */
  Optional<Action> find(String name);

  /**
   * All actions.
   *
   * @return a snapshot, in the order of the names
   */
  Collection<Action> all();

  /**
   * The number of calls of all connections that are running. It includes calls of the chat action
   * that wait for a message, and calls that continue after their time limit.
   *
   * @return the number at this moment
   */
  int running();
}
