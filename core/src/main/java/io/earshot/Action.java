package io.earshot;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Something that clients can ask for by name, on every transport. Ten lines are enough:
 *
 * <pre>{@code
 * public final class Greet implements Action {
 *   @Override public List<String> required() { return List.of("name"); }
 *   @Override public void run(Call call) { call.put("greeting", "Hello, " + call.text("name")); }
 * }
 * }</pre>
 *
 * <p>One object serves all calls, each on a virtual thread of its own: {@link #run} may block, and
 * fields that change have to be thread-safe.
 */
public interface Action {

  /** What an action does, as a lambda. */
  @FunctionalInterface
  interface Body {
    /**
     * Does it; see {@link Action#run}.
     *
     * @param call who asks, with what, and where the answer goes
     * @throws Exception if it failed, or a {@link RefusedException}
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
   * @param name the name to ask for it by
   * @param body what it does
   * @return the action, which can be told its description, inputs and example
   */
  static InlineAction of(String name, Body body) {
    return new InlineAction(name, "", List.of(), List.of(), Map.of(), body);
  }

  /**
   * The name to ask for it by.
   *
   * @return the class's simple name with a small first letter, unless it says otherwise
   */
  default String name() {
    String name = getClass().getSimpleName();
    return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
  }

  /**
   * What it does, for whoever looks for an action.
   *
   * @return a sentence; empty unless it says otherwise
   */
  default String description() {
    return "";
  }

  /**
   * The params that it cannot do without. A call that lacks one is refused before {@link #run}.
   *
   * @return their names
   */
  default List<String> required() {
    return List.of();
  }

  /**
   * The params that it understands besides. Over HTTP, a param that no action names is dropped.
   *
   * @return their names
   */
  default List<String> optional() {
    return List.of();
  }

  /**
   * What an answer looks like.
   *
   * @return fields and values as {@link Call#put} takes them; empty unless it says otherwise
   */
  default Map<String, Object> outputExample() {
    return Map.of();
  }

  /**
   * Does it.
   *
   * @param call who asks, with what, and where the answer goes
   * @throws RefusedException to answer with an error that the client is meant to see
   * @throws Exception if it failed; the client learns that it did, and the log why
   */
  void run(Call call) throws Exception;
}
