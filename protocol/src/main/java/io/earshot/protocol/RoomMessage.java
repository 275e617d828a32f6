package io.earshot.protocol;

import java.util.LinkedHashMap;

/**
 * A message as the members of a room receive it.
 *
 * <p>Immutable.
 *
 * @param message the content
 * @param room the room's name
 * @param from the id of the sender: a text, or any JSON value that a stand-in has as its id
 * @param sentAt when the server accepted it, in milliseconds since 1970
 * @param cursor its position in the room's order
 */
public record RoomMessage(Json message, String room, Json from, long sentAt, Cursor cursor) {

  /**
   * The message in its wire format, as a tree.
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
   * The message in its wire format, written without building a tree.
   *
   * @return the JSON, as UTF-8
   * @throws IllegalArgumentException if the content is nested too deeply
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
