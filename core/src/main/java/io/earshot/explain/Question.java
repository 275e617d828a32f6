package io.earshot.explain;

import io.earshot.protocol.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Did a user, or a connection, receive a message of a room?
 *
 * <p>Immutable.
 *
 * @param room the name of the room
 * @param offset the offset of the message; 0 for the last messages of the room
 * @param epoch the epoch of the offset; null for the present one
 * @param user the id of the user; null if it is about a connection
 * @param connection the id of the connection; null if it is about a user
 * @param since without an offset: only messages and refusals after this time, in milliseconds since
 *     1970; 0 for all
 */
public record Question(
    String room,
    long offset,
    @Nullable String epoch,
    @Nullable String user,
    @Nullable String connection,
    long since) {

  /** The form in which servers ask each other. */
  public Json.Obj toJson() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("ask", "explain");
    fields.put("room", room);
    fields.put("offset", offset);
    put(fields, "epoch", epoch);
    put(fields, "user", user);
    put(fields, "connection", connection);
    fields.put("since", since);
    return (Json.Obj) Json.from(fields);
  }

  private static void put(Map<String, Object> fields, String name, @Nullable String value) {
    if (value != null) {
      fields.put(name, value);
    }
  }

  /**
   * Reads that form.
   *
   * @throws IllegalArgumentException if the JSON has another form
   */
  public static Question of(Json.Obj fields) {
    return new Question(
        JsonFields.text(fields, "room"),
        JsonFields.number(fields, "offset"),
        JsonFields.textOrNull(fields, "epoch"),
        JsonFields.textOrNull(fields, "user"),
        JsonFields.textOrNull(fields, "connection"),
        JsonFields.number(fields, "since"));
  }
}
