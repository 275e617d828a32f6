package io.earshot;

import java.util.Collection;
import java.util.Optional;

/**
 * The actions of a server, by name.
 *
 * <p>Thread-safe: a concurrent map of actions, and counts of those that run.
 */
public interface Actions {
  /**
   * Adds an action; one of the same name is replaced, and calls of it that run go on.
   *
   * @param action the action
   * @throws IllegalArgumentException if its name is empty or holds blanks or control characters;
   *     what else the action throws when it is asked for its name and params
   */
  void add(Action action);

  /**
   * Takes an action away.
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
   * @return the actions in the order of their names
   */
  Collection<Action> all();

  /**
   * How many actions run at this moment, those included that go on after their time was up.
   *
   * @return the number of calls under way, on all connections, and of polls that wait
   */
  int running();
}
