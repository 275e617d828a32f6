package io.earshot.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.Publication;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.RoomName;
import io.earshot.spi.Source;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A message that an application has put into the outbox.
 *
 * <p>Immutable.
 *
 * @param message as JSON; null if it is too long to be read
 * @param bytes its length
 * @param saidAt when the application said it, in microseconds since 1970, by the database's clock
 */
record OutboxRow(
    long id,
    String room,
    @Nullable String message,
    int bytes,
    @Nullable String sender,
    @Nullable String key,
    long saidAt) {

  /** A row with the columns {@code id, room, message, bytes, sender, key, said_at}. */
  static OutboxRow read(ResultSet row) throws SQLException {
    return new OutboxRow(
        row.getLong("id"),
        row.getString("room"),
        row.getString("message"),
        row.getInt("bytes"),
        row.getString("sender"),
        row.getString("key"),
        row.getLong("said_at"));
  }

  /** The message for the room, or why it cannot be told. */
  Source.Item item() {
    if (!RoomName.isValid(room)) {
      return fault(
          "the room's name must have 1 to "
              + RoomName.MAX_LENGTH
              + " characters and no control characters");
    }
    if (message == null) {
      return fault("the message has " + bytes + " bytes, which is more than limits.outboundBytes");
    }
    try {
      Json json = Json.parse(message);
      json.encode();
      return new Source.Item(
          Long.toString(id),
          new Publication(room, json, sender == null ? null : Json.of(sender), null, repeatKey()),
          null);
    } catch (MalformedJsonException | IllegalArgumentException e) {
      return fault("the message cannot be told: " + e.getMessage());
    }
  }

  /**
   * What this message and its repeats share. The time is part of it, since a table that is
   * truncated begins with the same ids again.
   */
  private String repeatKey() {
    return key == null ? "outbox:" + id + ":" + saidAt : "outbox key:" + key;
  }

  /** What the room's history has of the message, if it was told. */
  boolean isTold(Json.Obj told, String serverName) {
    try {
      return message != null
          && Json.parse(message).equals(told.get("message"))
          && Json.of(sender == null ? serverName : sender).equals(told.get("from"));
    } catch (MalformedJsonException e) {
      return false;
    }
  }

  private Source.Item fault(String why) {
    return new Source.Item(Long.toString(id), null, why);
  }

  /** The claim of some rows, as the table {@code outbox_claim} has it. */
  static Json.Obj parse(String json) throws SQLException {
    try {
      return (Json.Obj) Json.parseEncoded(json.getBytes(UTF_8));
    } catch (MalformedJsonException | ClassCastException e) {
      throw new SQLException("the table outbox_claim was changed by somebody", "22000", e);
    }
  }
}
