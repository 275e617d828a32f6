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

/**
 * One call of an action that is running: its params, its answer, and its permit to run.
 *
 * <p>Owned by the virtual thread that runs the action, apart from the thread-safe permit.
 */
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

  /** The permit of this call. Released early, the call no longer counts as running. */
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

  /** The fields that the action has put so far. */
  public Map<String, Json> answer() {
    return answer;
  }
}
