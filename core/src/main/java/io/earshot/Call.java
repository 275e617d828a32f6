package io.earshot;

import io.earshot.protocol.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request for an action, and the answer that it makes.
 *
 * <p>Owned by the virtual thread that runs the action; other threads see the answer when that has
 * ended.
 */
public interface Call {

  /**
   * The server.
   *
   * @return what server code can ask of it
   */
  Api api();

  /**
   * Who asks. Attributes that are set on it last as long as it does; over HTTP that is one request,
   * unless message queues are on.
   *
   * @return the connection
   */
  Connection connection();

  /**
   * Who asks, as a sender whose words are aimed where this one request's {@code roomMatchKey} and
   * {@code roomMatchValue} say.
   *
   * @return the connection, or the connection with an audience
   */
  Sender sender();

  /**
   * All params of this request.
   *
   * @return their values by name, in order
   */
  Map<String, Json> params();

  /**
   * One param as text.
   *
   * @param name its name
   * @return its text, number or truth value as text; null if it is missing, null, a list or an
   *     object
   */
  @Nullable String text(String name);

  /**
   * Puts a field into the answer.
   *
   * @param name the field's name
   * @param value its value: null, text, number, truth value, list, map or {@link Json}
   * @throws IllegalArgumentException if the value is something else
   */
  void put(String name, @Nullable Object value);
}
