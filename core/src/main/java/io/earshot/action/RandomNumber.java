package io.earshot.action;

import io.earshot.Action;
import io.earshot.Call;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The shipped action {@code randomNumber}.
 *
 * <p>Immutable.
 */
public final class RandomNumber implements Action {
  @Override
  public String description() {
    return "A random number, at least 0 and less than 1. Not for secrets.";
  }

  @Override
  public Map<String, Object> outputExample() {
    return Map.of("randomNumber", 0.123);
  }

  @Override
  public void run(Call call) {
    call.put("randomNumber", ThreadLocalRandom.current().nextDouble());
  }
}
