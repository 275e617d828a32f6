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
 * @param cursor its place in the room's order
 */
public record RoomMessage(Json message, String room, Json from, long sentAt, Cursor cursor) {

  /**
   * As it travels.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    var fields = LinkedHashMap.<String, Json>newLinkedHashMap(7);
    fields.put("message", message);
    fields.put("room", Json.of(room));
    fields.put("from", from);
    fields.put("context", Json.of("user"));
    fields.put("sentAt", Json.of(sentAt));
    fields.put("offset", Json.of(cursor.offset()));
    fields.put("epoch", Json.of(cursor.epoch()));
    return new Json.Obj(fields);
  }

  /**
   * The same at once, without a tree of it.
   *
   * @return the JSON, as UTF-8
   * @throws IllegalArgumentException if the message is nested too deeply to be said
   */
  public byte[] encode() {
    int depth = JsonCodec.MAX_TOLD_DEPTH - 1;
    int length = message instanceof Json.Text(String text) ? text.length() : 200;
    return new JsonWriter(length + room.length() + 192)
        .raw("{\"message\":")
        .value(message, depth)
        .raw(",\"room\":")
        .text(room)
        .raw(",\"from\":")
        .value(from, depth)
        .raw(",\"context\":\"user\",\"sentAt\":")
        .raw(Long.toString(sentAt))
        .raw(",\"offset\":")
        .raw(Long.toString(cursor.offset()))
        .raw(",\"epoch\":\"")
        .raw(cursor.epoch())
        .raw("\"}")
        .written();
  }
}
