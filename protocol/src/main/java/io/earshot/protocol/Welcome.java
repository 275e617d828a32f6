package io.earshot.protocol;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The first that a client hears.
 *
 * <p>Immutable.
 *
 * @param text the server's greeting
 * @param room the room that the client is in
 * @param cursor up to where it is taken to know that room; null while that cannot be told
 * @param recovered whether it is told all that came after the cursor that it gave; null if it gave
 *     none
 * @param session the token to come back with, or null where nobody can come back
 */
public record Welcome(
    String text,
    String room,
    @Nullable Cursor cursor,
    @Nullable Boolean recovered,
    @Nullable String session) {

  /**
   * As it travels.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    var fields = LinkedHashMap.<String, Json>newLinkedHashMap(7);
    fields.put("welcome", Json.of(text));
    fields.put("room", Json.of(room));
    fields.put("context", Json.of("api"));
    if (cursor != null) {
      cursor.putInto(fields);
    }
    if (recovered != null) {
      fields.put("recovered", Json.of(recovered));
    }
    if (session != null) {
      fields.put("session", Json.of(session));
    }
    return new Json.Obj(fields);
  }
}
