package io.earshot;

import io.earshot.protocol.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One call of an action: the request, and the answer to fill.
 *
 * <p>Owned by the virtual thread that runs the action. The answer is sent when {@link Action#run}
 * returns.
 */
public interface Call {

  /**
   * The API of the server.
   *
   * @return the API
   */
  Api api();

  /**
   * The connection of the client. Attributes that the action sets on it last as long as the
   * connection; over HTTP that is one request, unless message queues are on. So it takes the place
   * of actionHero's {@code _originalConnection}.
   *
   * @return the connection
   */
  Connection connection();

  /**
   * The client as a sender of messages, with the recipients that the params {@code roomMatchKey}
   * and {@code roomMatchValue} of this request select.
   *
   * @return the connection; an {@link Aimed} connection if the request has these params
   */
  Sender sender();

  /**
   * All params of this request.
   *
   * @return the values by name, in the order of the request; cannot be changed
   */
  Map<String, Json> params();

  /**
   * One param as text.
   *
   * @param name the name of the param
   * @return a text as it is, a number or boolean as text; null if the param is missing, null, a
   *     list or an object
   */
  @Nullable String text(String name);

  /**
   * Sets a field of the answer.
   *
   * @param name the field's name
   * @param value its value: null, a text, number, boolean, list, map or {@link Json}
   * @throws IllegalArgumentException if the value is of another type
   */
  void put(String name, @Nullable Object value);
}
