package io.earshot;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A request that clients can make by name, over every transport. A short class is enough:
 *
 * <pre>{@code
 * public final class Greet implements Action {
 *   @Override public List<String> required() { return List.of("name"); }
 *   @Override public void run(Call call) { call.put("greeting", "Hello, " + call.text("name")); }
 * }
 * }</pre>
 *
 * <p>Thread-safe implementations only: one object serves all calls, each on a virtual thread of its
 * own. {@link #run} may block. After the setting {@code general.actionTimeout} its thread is
 * interrupted.
 */
public interface Action {

  /** The code of an action, as a lambda. */
  @FunctionalInterface
  interface Body {
    /**
     * Runs the action; see {@link Action#run}.
     *
     * @param call the request, and the answer to fill
     * @throws Exception if the action failed, or a {@link RefusedException}
     */
    void run(Call call) throws Exception;
  }

  /**
   * An action without a class of its own:
   *
   * <pre>{@code
   * Action.of("greet", call -> call.put("greeting", "Hello, " + call.text("name")))
   *     .withRequired("name")
   * }</pre>
   *
   * @param name the name by which clients call it
   * @param body the code to run
   * @return the action; its description, inputs and example can be added with its {@code with}
   *     methods
   */
  static InlineAction of(String name, Body body) {
    return new InlineAction(name, "", List.of(), List.of(), Map.of(), body);
  }

  /**
   * The name by which clients call the action.
   *
   * @return by default the simple name of the class, with a lower-case first letter
   */
  default String name() {
    String name = getClass().getSimpleName();
    return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
  }

  /**
   * A description, which the action {@code actionsView} shows.
   *
   * @return a sentence; by default empty
   */
  default String description() {
    return "";
  }

  /**
   * The required params. A call without one of them is refused before {@link #run}.
   *
   * @return their names; by default none
   */
  default List<String> required() {
    return List.of();
  }

  /**
   * The optional params. HTTP requests lose each param that no action of the server names.
   *
   * @return their names; by default none
   */
  default List<String> optional() {
    return List.of();
  }

  /**
   * An example of an answer, which the action {@code actionsView} shows.
   *
   * @return fields and values as {@link Call#put} takes them; by default none
   */
  default Map<String, Object> outputExample() {
    return Map.of();
  }

  /**
   * Whether the action is about the client that asks. An action that only looks at the server, as
   * {@code status} does, need not make that client a member of a room: then an HTTP request for it
   * joins no room, gets no message queue and no cookie, and needs no Redis.
   *
   * @return by default true
   */
  default boolean needsClient() {
    return true;
  }

  /**
   * Runs the action for one call.
   *
   * @param call the request, and the answer to fill
   * @throws RefusedException to refuse the request; the client receives the message
   * @throws Exception if the action failed; the client receives a general error, and the log has
   *     the exception
   */
  void run(Call call) throws Exception;
}
