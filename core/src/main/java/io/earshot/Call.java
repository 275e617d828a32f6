package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request for an action, and the answer that it makes.
 *
 * <p>Owned by the virtual thread that runs the action; other threads see the answer when that has
 * ended.
 */
public final class Call {
  private final Api api;
  private final Connection connection;
  private final Map<String, Json> params;
  private final Map<String, Json> answer = new LinkedHashMap<>();
  private final Actions.Permit permit;

  Call(Api api, Connection connection, Map<String, Json> params, Actions.Permit permit) {
    this.api = api;
    this.connection = connection;
    this.params = params;
    this.permit = permit;
  }

  /** What this call runs by. Given back early, it does not count among those that run. */
  Actions.Permit permit() {
    return permit;
  }

  /**
   * The server.
   *
   * @return what server code can ask of it
   */
  public Api api() {
    return api;
  }

  /**
   * Who asks. Attributes that are set on it last as long as it does; over HTTP that is one request,
   * unless message queues are on.
   *
   * @return the connection
   */
  public Connection connection() {
    return connection;
  }

  /**
   * Who asks, as a sender whose words are aimed where this one request's {@code roomMatchKey} and
   * {@code roomMatchValue} say.
   *
   * @return the connection, or the connection with an audience
   */
  public Sender sender() {
    Audience audience = audience();
    return audience == null ? connection : new Aimed(connection, audience);
  }

  /** Whom this one request is aimed at, or null for all. */
  @Nullable Audience audience() {
    return Audience.of(params);
  }

  /**
   * All params of this request.
   *
   * @return their values by name, in order
   */
  public Map<String, Json> params() {
    return Collections.unmodifiableMap(params);
  }

  /**
   * One param as text.
   *
   * @param name its name
   * @return its text, number or truth value as text; null if it is missing, null, a list or an
   *     object
   */
  public @Nullable String text(String name) {
    Json value = params.get(name);
    return value == null ? null : value.asText();
  }

  /**
   * Puts a field into the answer.
   *
   * @param name the field's name
   * @param value its value: null, text, number, truth value, list, map or {@link Json}
   * @throws IllegalArgumentException if the value is something else
   */
  public void put(String name, @Nullable Object value) {
    answer.put(name, Json.from(value));
  }

  Map<String, Json> answer() {
    return answer;
  }
}
