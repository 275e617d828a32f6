package io.earshot.action;

import io.earshot.Aimed;
import io.earshot.Api;
import io.earshot.Call;
import io.earshot.Connection;
import io.earshot.Sender;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A {@link Call} that runs: its params, its answer, and what it runs by. */
public final class ActionCall implements Call {
  private final Api api;
  private final Connection connection;
  private final Map<String, Json> params;
  private final Map<String, Json> answer = new LinkedHashMap<>();
  private final ActionRunner.Permit permit;

  public ActionCall(
      Api api, Connection connection, Map<String, Json> params, ActionRunner.Permit permit) {
    this.api = api;
    this.connection = connection;
    this.params = params;
    this.permit = permit;
  }

  /** What this call runs by. Given back early, it does not count among those that run. */
  public ActionRunner.Permit permit() {
    return permit;
  }

  @Override
  public Api api() {
    return api;
  }

  @Override
  public Connection connection() {
    return connection;
  }

  @Override
  public Sender sender() {
    Audience audience = Audience.of(params);
    return audience == null ? connection : new Aimed(connection, audience);
  }

  @Override
  public Map<String, Json> params() {
    return Collections.unmodifiableMap(params);
  }

  @Override
  public @Nullable String text(String name) {
    Json value = params.get(name);
    return value == null ? null : value.asText();
  }

  @Override
  public void put(String name, @Nullable Object value) {
    answer.put(name, Json.from(value));
  }

  public Map<String, Json> answer() {
    return answer;
  }
}
