package io.earshot.action;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.protocol.Command;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The shipped action {@code help}: what a client can send. An action and not a verb, so that it is
 * the same on each transport, and an application's own action of this name replaces it.
 *
 * <p>Immutable.
 */
public final class Help implements Action {
  @Override
  public String description() {
    return "Lists the verbs of a line with their arguments, and the names of the actions.";
  }

  @Override
  public Map<String, Object> outputExample() {
    var example = new LinkedHashMap<String, Object>();
    example.put("verbs", List.of("say TEXT", "roomChange ROOM"));
    example.put("actions", List.of("help", "status"));
    return example;
  }

  @Override
  public boolean needsClient() {
    return false;
  }

  @Override
  public void run(Call call) {
    call.put("verbs", Command.VERBS);
    call.put("actions", call.api().actions().all().stream().map(Action::name).toList());
  }
}
