package io.earshot.server.actions;

import io.earshot.Action;
import io.earshot.Call;
import java.util.List;
import java.util.Map;

/**
 * The last version of an action that compiled, while the present version does not. The action keeps
 * working, and its answers have the compiler's error in the field {@code developmentError}.
 *
 * <p>Immutable.
 *
 * @param action the last version that compiled
 * @param problem the error in the present version
 */
record LastGood(Action action, Problem problem) implements Action {
  static LastGood of(Action action, Problem problem) {
    return new LastGood(action instanceof LastGood(Action last, _) ? last : action, problem);
  }

  @Override
  public String name() {
    return action.name();
  }

  @Override
  public String description() {
    return action.description();
  }

  @Override
  public List<String> required() {
    return action.required();
  }

  @Override
  public List<String> optional() {
    return action.optional();
  }

  @Override
  public Map<String, Object> outputExample() {
    return action.outputExample();
  }

  @Override
  public void run(Call call) throws Exception {
    call.put("developmentError", problem.toString());
    action.run(call);
  }
}
