package io.earshot.server;

import io.earshot.Action;
import io.earshot.Call;
import java.util.List;
import java.util.Map;

/**
 * The last version of an action that was good, while its file is not: it goes on answering, and the
 * field {@code developmentError} of its answers says what to mend.
 *
 * <p>Immutable.
 *
 * @param action the action
 * @param problem what is wrong with its file
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
