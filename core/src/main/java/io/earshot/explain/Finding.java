package io.earshot.explain;

import io.earshot.protocol.Json;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What became of one message for one connection, or for all connections of a user.
 *
 * <p>Immutable.
 *
 * @param offset the offset of the message
 * @param epoch the epoch of the offset; null if it is not known
 * @param at when the server had the message, in milliseconds since 1970; 0 if it does not remember
 * @param connection the connection that it is about; null for none
 * @param text one or more sentences
 */
public record Finding(
    Outcome outcome,
    long offset,
    @Nullable String epoch,
    long at,
    @Nullable String connection,
    String text) {

  Json.Obj toJson() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("outcome", outcome.text());
    fields.put("text", text);
    fields.put("offset", offset);
    if (epoch != null) {
      fields.put("epoch", epoch);
    }
    if (at > 0) {
      fields.put("at", at);
    }
    if (connection != null) {
      fields.put("connection", connection);
    }
    return (Json.Obj) Json.from(fields);
  }

  static Finding of(Json.Obj fields) {
    return new Finding(
        Outcome.of(JsonFields.text(fields, "outcome")),
        JsonFields.number(fields, "offset"),
        JsonFields.textOrNull(fields, "epoch"),
        JsonFields.number(fields, "at"),
        JsonFields.textOrNull(fields, "connection"),
        JsonFields.text(fields, "text"));
  }
}
