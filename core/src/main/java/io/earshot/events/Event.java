package io.earshot.events;

import io.earshot.protocol.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a connection; see {@link EventKind} for what the fields mean.
 *
 * <p>Immutable.
 *
 * @param at when, by the clock of durations, in milliseconds
 * @param room the room; null if it is about all rooms of the connection
 * @param epoch the epoch of the offsets; null without offsets
 * @param connection the id of the connection at that time
 * @param user the id of its user, or null
 * @param name the name of its user, or null
 * @param from an offset, or 0
 * @param to an offset, or 0
 * @param attributes those that the kind tells of; null for none, or if they are too long
 */
public record Event(
    long at,
    EventKind kind,
    @Nullable String room,
    @Nullable String epoch,
    String connection,
    @Nullable String user,
    @Nullable String name,
    long from,
    long to,
    @Nullable String detail,
    @Nullable Map<String, String> attributes) {

  /**
   * The event as JSON.
   *
   * @param wallOffset what to add to {@code at} for milliseconds since 1970
   */
  public Json.Obj toJson(long wallOffset) {
    var fields = LinkedHashMap.<String, Json>newLinkedHashMap(9);
    fields.put("at", Json.of(at + wallOffset));
    fields.put("event", Json.of(kind.text()));
    put(fields, "room", room);
    put(fields, "connection", connection.isEmpty() ? null : connection);
    put(fields, "user", user);
    put(fields, "epoch", epoch);
    if (from > 0) {
      fields.put("from", Json.of(from));
    }
    if (epoch != null) {
      fields.put("to", Json.of(to));
    }
    put(fields, "detail", detail);
    return new Json.Obj(fields);
  }

  private static void put(Map<String, Json> fields, String name, @Nullable String value) {
    if (value != null) {
      fields.put(name, Json.of(value));
    }
  }
}
