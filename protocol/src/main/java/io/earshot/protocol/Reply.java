package io.earshot.protocol;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Everything that the server answers. */
public sealed interface Reply {

  /** Done. */
  record Done() implements Reply {}

  /**
   * Done, and it concerned this room.
   *
   * @param room the room
   */
  record DoneIn(String room) implements Reply {}

  /**
   * Said, and it has its place in the room's order.
   *
   * @param cursor that place
   */
  record Said(Cursor cursor) implements Reply {}

  /**
   * A room is heard from now on.
   *
   * @param heard what was found there
   */
  record Hears(Heard heard) implements Reply {}

  /**
   * One is again who one was.
   *
   * @param id one's id
   * @param session the token to come back with the next time
   * @param room the current room
   * @param heard what was found in each room
   */
  record Resumed(String id, String session, String room, List<Heard> heard) implements Reply {
    /** Copies the list. */
    public Resumed {
      heard = List.copyOf(heard);
    }
  }

  /**
   * What somebody found in a room from which they begin to hear.
   *
   * @param room the room
   * @param cursor up to where they know it now; what is told from now on comes after. Null while
   *     that cannot be told
   * @param recovered whether they have been told all since the cursor that they gave; null if they
   *     gave none
   */
  record Heard(String room, @Nullable Cursor cursor, @Nullable Boolean recovered) {
    private void putInto(Map<String, Json> fields) {
      fields.put("room", Json.of(room));
      if (cursor != null) {
        cursor.putInto(fields);
      }
      if (recovered != null) {
        fields.put("recovered", Json.of(recovered));
      }
    }

    private Json toJson() {
      var fields = LinkedHashMap.<String, Json>newLinkedHashMap(4);
      putInto(fields);
      return new Json.Obj(fields);
    }
  }

  /**
   * A newer token holds.
   *
   * @param rooms where
   * @param expiresAt when it ends, in milliseconds since 1970
   */
  record Refreshed(List<String> rooms, long expiresAt) implements Reply {
    /** Copies the list. */
    public Refreshed {
      rooms = List.copyOf(rooms);
    }
  }

  /**
   * Who is in one's room.
   *
   * @param status the room and its members
   */
  record Viewed(RoomStatus status) implements Reply {}

  /**
   * What the server knows of the connection.
   *
   * @param details all of it
   */
  record Detailed(Details details) implements Reply {}

  /**
   * Some of the connection's params.
   *
   * @param params the params asked for that there are
   */
  record Params(Map<String, String> params) implements Reply {}

  /**
   * Not done; the connection lives.
   *
   * @param error why, for whoever asked
   * @param room the room it was about, or null
   */
  record Refused(String error, @Nullable String room) implements Reply {
    /**
     * Not done, and it was not about a room.
     *
     * @param error why, for whoever asked
     */
    public Refused(String error) {
      this(error, null);
    }
  }

  /**
   * What an action answered.
   *
   * @param fields the fields of its answer
   * @param error why it was refused or failed, or null
   */
  record Answered(Map<String, Json> fields, @Nullable String error) implements Reply {}

  /**
   * Goodbye; the connection ends.
   *
   * @param reason why
   * @param reconnectAfter when to come back, in milliseconds; null where that is for the client to
   *     say
   */
  record Bye(String reason, @Nullable Long reconnectAfter) implements Reply {}

  /**
   * As it travels.
   *
   * @param messageCount the number of the request that this answers, from 1; 0 for a reply to none
   * @param messageId what the client wants to see again, or null
   * @return the JSON object
   */
  default Json.Obj toJson(long messageCount, @Nullable Json messageId) {
    var fields = new LinkedHashMap<String, Json>();
    switch (this) {
      case Done _ -> ok(fields);
      case DoneIn(String room) -> {
        ok(fields);
        fields.put("room", Json.of(room));
      }
      case Said(Cursor cursor) -> {
        ok(fields);
        cursor.putInto(fields);
      }
      case Hears(Heard heard) -> {
        ok(fields);
        heard.putInto(fields);
      }
      case Resumed(String id, String session, String room, List<Heard> heard) -> {
        ok(fields);
        fields.put("id", Json.of(id));
        fields.put("session", Json.of(session));
        fields.put("room", Json.of(room));
        fields.put("rooms", new Json.Array(heard.stream().map(Heard::toJson).toList()));
      }
      case Refreshed(List<String> rooms, long expiresAt) -> {
        ok(fields);
        fields.put("rooms", new Json.Array(rooms.stream().<Json>map(Json::of).toList()));
        fields.put("expiresAt", Json.of(expiresAt));
      }
      case Viewed(RoomStatus status) -> {
        ok(fields);
        fields.put("room", Json.of(status.room()));
        fields.put("roomStatus", status.toJson());
      }
      case Detailed(Details details) -> {
        ok(fields);
        fields.put("details", details.toJson());
        fields.put("data", details.toData());
      }
      case Params(Map<String, String> params) -> {
        fields.put("context", Json.of("response"));
        fields.put("params", Details.paramsToJson(params));
      }
      case Refused(String error, String room) -> {
        fields.put("context", Json.of("response"));
        fields.put("error", Json.of(error));
        if (room != null) {
          fields.put("room", Json.of(room));
        }
      }
      case Answered(Map<String, Json> answer, String error) -> {
        fields.putAll(answer);
        fields.put("context", Json.of("response"));
        if (error != null) {
          fields.put("error", Json.of(error));
        }
      }
      case Bye(String reason, Long reconnectAfter) -> {
        fields.put("status", Json.of("Bye!"));
        fields.put("context", Json.of("response"));
        fields.put("reason", Json.of(reason));
        if (reconnectAfter != null) {
          fields.put("reconnectAfter", Json.of(reconnectAfter));
        }
      }
    }
    if (messageCount > 0) {
      fields.put("messageCount", Json.of(messageCount));
    }
    if (messageId != null) {
      fields.put("messageId", messageId);
    }
    return new Json.Obj(fields);
  }

  private static void ok(Map<String, Json> fields) {
    fields.put("context", Json.of("response"));
    fields.put("status", Json.of("OK"));
  }
}
