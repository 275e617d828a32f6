package io.earshot.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.FeedEvent;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.RoomMessage;
import io.earshot.protocol.User;
import io.earshot.spi.Archive;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A row of a stored message.
 *
 * <p>Immutable.
 *
 * @param sentAt in milliseconds since 1970
 * @param sender the field {@code from}; of a value that is no text, its JSON
 * @param user the field {@code user}, as JSON
 * @param message the message, as JSON that {@link Jsonb} can hold
 * @param raw the whole message as clients got it, if the other columns do not give it back
 * @param audience the recipients, as JSON; null for all
 * @param bytes the length of the message as clients got it
 */
record MessageRow(
    String room,
    String epoch,
    long offset,
    long sentAt,
    String sender,
    @Nullable String userId,
    @Nullable String user,
    String message,
    @Nullable String raw,
    @Nullable String audience,
    int bytes) {

  /** The columns that {@link #read} needs. */
  static final String COLUMNS =
      "m.room, m.epoch, m.\"offset\", (extract(epoch FROM m.sent_at) * 1000)::bigint AS sent_at,"
          + " m.sender, m.user_info::text AS user_info, m.message::text AS message, m.raw::text AS raw";

  /**
   * The row of an event.
   *
   * @throws IllegalArgumentException if the event is not that of a message
   */
  static MessageRow of(FeedEvent event) {
    Map<String, Json> data = event.data().fields();
    String room = event.room();
    Json message = data.get("message");
    Json from = data.get("from");
    if (room == null
        || message == null
        || from == null
        || !(data.get("epoch") instanceof Json.Text(String epoch))
        || !(data.get("offset") instanceof Json.Num(String offset))) {
      throw new IllegalArgumentException("the event " + event.id() + " lacks a field of a message");
    }
    Json.Obj fields = data.get("user") instanceof Json.Obj user ? user : null;
    User user = fields == null ? null : User.of(fields);
    var place = new Cursor(epoch, Long.parseLong(offset));
    long sentAt =
        data.get("sentAt") instanceof Json.Num(String at) ? Long.parseLong(at) : event.at();
    byte[] told = new RoomMessage(message, room, from, user, sentAt, place, null).encode();
    boolean isHeld =
        Jsonb.holds(message)
            && from instanceof Json.Text(String id)
            && id.indexOf('\0') < 0
            && (fields == null || Jsonb.holds(fields));
    Json audience = data.get("audience");
    return new MessageRow(
        room,
        epoch,
        place.offset(),
        sentAt,
        Jsonb.nearest(from instanceof Json.Text(String id) ? id : text(from)),
        user == null ? null : user.id(),
        fields == null ? null : text(Jsonb.nearest(fields)),
        text(Jsonb.nearest(message)),
        isHeld ? null : new String(told, UTF_8),
        audience == null || audience instanceof Json.Null ? null : text(Jsonb.nearest(audience)),
        told.length);
  }

  private static String text(Json json) {
    return new String(json.encode(), UTF_8);
  }

  /** The message of a row with the {@link #COLUMNS}, as clients got it. */
  static Archive.Message read(ResultSet row) throws SQLException {
    var place = new Cursor(row.getString("epoch"), row.getLong("offset"));
    String raw = row.getString("raw");
    if (raw != null) {
      return new Archive.Message(raw.getBytes(UTF_8), place);
    }
    try {
      String user = row.getString("user_info");
      var told =
          new RoomMessage(
              parse(row.getString("message")),
              row.getString("room"),
              Json.of(row.getString("sender")),
              user != null && parse(user) instanceof Json.Obj fields ? User.of(fields) : null,
              row.getLong("sent_at"),
              place,
              null);
      return new Archive.Message(told.encode(), place);
    } catch (MalformedJsonException | IllegalArgumentException e) {
      throw new SQLException("the row of the message " + place + " is no message", "22000", e);
    }
  }

  private static Json parse(String json) throws MalformedJsonException {
    return Json.parseEncoded(json.getBytes(UTF_8));
  }
}
