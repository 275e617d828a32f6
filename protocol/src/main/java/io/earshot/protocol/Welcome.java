package io.earshot.protocol;

import java.util.LinkedHashMap;

/**
 * The first that a client hears.
 *
 * <p>Immutable.
 *
 * @param text the server's greeting
 * @param room the room that the client is in
 */
public record Welcome(String text, String room) {

  /**
   * As it travels.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    var fields = LinkedHashMap.<String, Json>newLinkedHashMap(3);
    fields.put("welcome", Json.of(text));
    fields.put("room", Json.of(room));
    fields.put("context", Json.of("api"));
    return new Json.Obj(fields);
  }
}
