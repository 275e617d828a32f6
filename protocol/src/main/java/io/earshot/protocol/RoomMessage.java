package io.earshot.protocol;

import java.util.LinkedHashMap;

/**
 * What the members of a room hear.
 *
 * <p>Immutable.
 *
 * @param message what was said
 * @param room where
 * @param from the speaker's id: a text, or whatever a stand-in was given
 * @param sentAt when it was told, in milliseconds since 1970
 */
public record RoomMessage(Json message, String room, Json from, long sentAt) {

  /**
   * As it travels.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    var fields = LinkedHashMap.<String, Json>newLinkedHashMap(5);
    fields.put("message", message);
    fields.put("room", Json.of(room));
    fields.put("from", from);
    fields.put("context", Json.of("user"));
    fields.put("sentAt", Json.of(sentAt));
    return new Json.Obj(fields);
  }
}
