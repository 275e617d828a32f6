package io.earshot.action;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.RefusedException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The shipped action {@code actionsView}: lists all actions.
 *
 * <p>Immutable.
 */
public final class ActionsView implements Action {
  @Override
  public String description() {
    return "Lists all actions with their inputs. With format=openapi the answer is instead an"
        + " OpenAPI 3.1 document in the field openapi.";
  }

  @Override
  public List<String> optional() {
    return List.of("format");
  }

  @Override
  public Map<String, Object> outputExample() {
    return Map.of("actions", List.of(view(new RandomNumber())));
  }

  @Override
  public boolean needsClient() {
    return false;
  }

  @Override
  public void run(Call call) throws RefusedException {
    Collection<Action> actions = call.api().actions().all();
    switch (call.text("format")) {
      case null -> call.put("actions", actions.stream().map(ActionsView::view).toList());
      case "openapi" -> {
        String title = call.api().configData().general().serverName();
        call.put("openapi", OpenApi.document(title, actions));
      }
      case String other ->
          throw new RefusedException(
              "there is no format '" + other + "': give openapi, or leave it out");
    }
  }

  private static Map<String, Object> view(Action action) {
    var view = new LinkedHashMap<String, Object>();
    view.put("name", action.name());
    view.put("description", action.description());
    view.put("required", action.required());
    view.put("optional", action.optional());
    view.put("outputExample", action.outputExample());
    return view;
  }
}
