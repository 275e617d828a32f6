package io.earshot.protocol;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The first message that a client receives.
 *
 * <p>Immutable.
 *
 * @param text the server's greeting
 * @param room the room that the client is in
 * @param cursor the position in the room's order after which the client receives messages; null if
 *     the server does not know it yet
 * @param recovered whether the client receives all messages after the cursor that it gave; null if
 *     it gave none
 * @param session the token with which the client can resume; null if sessions are not kept
 */
public record Welcome(
    String text,
    String room,
    @Nullable Cursor cursor,
    @Nullable Boolean recovered,
    @Nullable String session) {

  /**
   * The welcome in its wire format.
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
