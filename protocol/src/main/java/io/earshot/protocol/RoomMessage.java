package io.earshot.protocol;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A message as the members of a room receive it.
 *
 * <p>Immutable.
 *
 * @param message the content
 * @param room the room's name
 * @param from the id of the sender: a text, or any JSON value that a stand-in has as its id
 * @param user the user of the sender, as the server knows it; null for none
 * @param sentAt when the server accepted it, in milliseconds since 1970
 * @param cursor its position in the room's order
 * @param announcement what the server announces by it; null for a message that somebody sent
 */
public record RoomMessage(
    Json message,
    String room,
    Json from,
    @Nullable User user,
    long sentAt,
    Cursor cursor,
    @Nullable Announcement announcement) {

  /**
   * A message that is no announcement, of a sender without a user.
   *
   * @param message the content
   * @param room the room's name
   * @param from the id of the sender
   * @param sentAt when the server accepted it, in milliseconds since 1970
   * @param cursor its position in the room's order
   */
  public RoomMessage(Json message, String room, Json from, long sentAt, Cursor cursor) {
    this(message, room, from, null, sentAt, cursor, null);
  }

  /**
   * A message that has its place.
   *
   * @param room the room's name
   * @param post the message
   * @param cursor its position in the room's order
   */
  public RoomMessage(String room, Post post, Cursor cursor) {
    this(
        post.message(), room, post.from(), post.user(), post.sentAt(), cursor, post.announcement());
  }

  /**
   * The message in its wire format, as a tree.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("message", message);
    fields.put("room", Json.of(room));
    fields.put("from", from);
    if (user != null) {
      fields.put("user", user.json());
    }
    fields.put("context", Json.of("user"));
    fields.put("sentAt", Json.of(sentAt));
    fields.put("offset", Json.of(cursor.offset()));
    fields.put("epoch", Json.of(cursor.epoch()));
    if (announcement != null) {
      fields.put("type", Json.of(announcement.type()));
    }
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
    var json =
        new JsonWriter(expectedLength())
            .raw("{\"message\":")
            .value(message, depth)
            .raw(",\"room\":")
            .text(room)
            .raw(",\"from\":")
            .value(from, depth);
    if (user != null) {
      json.raw(",\"user\":").value(user.json(), depth);
    }
    json.raw(",\"context\":\"user\",\"sentAt\":")
        .raw(sentAt)
        .raw(",\"offset\":")
        .raw(cursor.offset())
        .raw(",\"epoch\":\"")
        .raw(cursor.epoch());
    if (announcement != null) {
      json.raw("\",\"type\":\"").raw(announcement.type());
    }
    return json.raw("\"}").written();
  }

  /**
   * How long the encoded message is if it consists of texts without characters that are escaped:
   * then the array of the writer is the result.
   */
  private int expectedLength() {
    int length =
        "{'message':,'room':'','from':,'context':'user','sentAt':,'offset':,'epoch':''}".length()
            + JsonWriter.expectedLength(message)
            + room.length()
            + JsonWriter.expectedLength(from)
            + JsonWriter.digits(sentAt)
            + JsonWriter.digits(cursor.offset())
            + cursor.epoch().length();
    if (user != null) {
      length += ",'user':".length() + JsonWriter.expectedLength(user.json());
    }
    return announcement == null
        ? length
        : length + ",'type':''".length() + announcement.type().length();
  }
}
