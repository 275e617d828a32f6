package io.earshot.protocol;

import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A reply of the server. All replies are immutable. */
public sealed interface Reply {

  /** Success. */
  record Done() implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
    }
  }

  /**
   * Success of a command about a room.
   *
   * @param room the room
   */
  record DoneIn(String room) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      fields.put("room", Json.of(room));
    }
  }

  /**
   * The message was accepted.
   *
   * @param cursor the message's position in the room's order
   */
  record Said(Cursor cursor) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      cursor.putInto(fields);
    }
  }

  /**
   * The connection receives a room's messages from now on.
   *
   * @param heard the position after which its messages begin
   */
  record Receives(Received heard) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      heard.putInto(fields);
    }
  }

  /**
   * Server code has made the connection a member of a room. Not the reply to a request, but a
   * notice.
   *
   * @param heard the position after which the room's messages begin
   */
  record Joined(Received heard) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      fields.put("context", Json.of("room"));
      heard.putInto(fields);
      fields.put("status", Json.of("joined"));
    }
  }

  /**
   * Server code has made the connection leave a room. Not the reply to a request, but a notice.
   *
   * @param room the room
   */
  record Left(String room) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      fields.put("context", Json.of("room"));
      fields.put("room", Json.of(room));
      fields.put("status", Json.of("left"));
    }
  }

  /**
   * The session was resumed.
   *
   * @param id the id of the connection
   * @param session the token for the next time
   * @param room the current room
   * @param heard for each room, the position after which its messages begin
   */
  record Resumed(String id, String session, String room, List<Received> heard) implements Reply {
    /** Copies the list. */
    public Resumed {
      heard = List.copyOf(heard);
    }

    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      fields.put("id", Json.of(id));
      fields.put("session", Json.of(session));
      fields.put("room", Json.of(room));
      fields.put("rooms", new Json.Array(heard.stream().map(Received::toJson).toList()));
    }
  }

  /**
   * The position after which a connection receives a room's messages.
   *
   * @param room the room
   * @param cursor the position after which the connection receives messages; null if the server
   *     does not know it yet
   * @param recovered whether the connection has received all messages since the cursor that the
   *     client gave; null if it gave none
   * @param history how many earlier messages follow, all of them up to {@code cursor}; null if the
   *     client asked for none, or has {@code recovered}
   */
  record Received(
      String room,
      @Nullable Cursor cursor,
      @Nullable Boolean recovered,
      @Nullable Integer history) {
    private void putInto(Map<String, Json> fields) {
      fields.put("room", Json.of(room));
      if (cursor != null) {
        cursor.putInto(fields);
      }
      if (recovered != null) {
        fields.put("recovered", Json.of(recovered));
      }
      if (history != null) {
        fields.put("history", Json.of(history));
      }
    }

    private JsonWriter written(int end) {
      return done(room.length() + 112 + end)
          .raw(",\"room\":")
          .text(room)
          .received(cursor, recovered, history);
    }

    /**
     * The wire format.
     *
     * @return the JSON object
     */
    public Json toJson() {
      var fields = new LinkedHashMap<String, Json>(8);
      putInto(fields);
      return new Json.Obj(fields);
    }
  }

  /**
   * The newer token was accepted.
   *
   * @param rooms the rooms that it is for
   * @param expiresAt when it expires, in milliseconds since 1970
   */
  record Refreshed(List<String> rooms, long expiresAt) implements Reply {
    /** Copies the list. */
    public Refreshed {
      rooms = List.copyOf(rooms);
    }

    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      fields.put("rooms", new Json.Array(rooms.stream().<Json>map(Json::of).toList()));
      fields.put("expiresAt", Json.of(expiresAt));
    }
  }

  /**
   * The client is logged in.
   *
   * @param user the user that it is
   * @param expiresAt when the login ends, in milliseconds since 1970; null if it does not
   * @param inbox the user's inbox, to which the connection listens; null if it does not
   */
  record LoggedIn(User user, @Nullable Long expiresAt, @Nullable Received inbox) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      fields.put("user", user.json());
      if (expiresAt != null) {
        fields.put("expiresAt", Json.of(expiresAt));
      }
      if (inbox != null) {
        fields.put("inbox", inbox.toJson());
      }
    }
  }

  /**
   * Earlier messages of a room.
   *
   * @param excerpt the messages
   */
  record Read(Excerpt excerpt) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      fields.put("room", Json.of(excerpt.room()));
      if (excerpt.next() != null) {
        excerpt.next().putInto(fields);
      }
      fields.put("more", Json.of(Boolean.TRUE.equals(excerpt.more())));
    }
  }

  /**
   * The members of a room.
   *
   * @param status the room's status
   */
  record Viewed(RoomStatus status) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      fields.put("room", Json.of(status.room()));
      fields.put("roomStatus", status.toJson());
    }
  }

  /**
   * The details of the connection.
   *
   * @param details the details
   */
  record Detailed(Details details) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      ok(fields);
      fields.put("details", details.toJson());
      fields.put("data", details.toData());
    }
  }

  /**
   * Params of the connection.
   *
   * @param params the requested params that exist
   */
  record Params(Map<String, String> params) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      fields.put("context", Json.of("response"));
      fields.put("params", Details.paramsToJson(params));
    }
  }

  /**
   * The command was refused. The connection stays open.
   *
   * @param error the reason, for the client
   * @param room the room that the command was about, or null
   */
  record Refused(String error, @Nullable String room) implements Reply {
    /**
     * Refuses a command that was not about a room.
     *
     * @param error the reason, for the client
     */
    public Refused(String error) {
      this(error, null);
    }

    @Override
    public void putInto(Map<String, Json> fields) {
      fields.put("context", Json.of("response"));
      fields.put("error", Json.of(error));
      if (room != null) {
        fields.put("room", Json.of(room));
      }
    }
  }

  /**
   * The answer of an action.
   *
   * @param fields the fields of the answer
   * @param error why the action was refused or has failed, or null
   */
  record Answered(Map<String, Json> fields, @Nullable String error) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      fields.putAll(this.fields);
      fields.put("context", Json.of("response"));
      if (error != null) {
        fields.put("error", Json.of(error));
      }
    }
  }

  /**
   * The last reply before the connection ends.
   *
   * @param reason why it ends
   * @param reconnectAfter how long the client should wait before it reconnects, in milliseconds;
   *     null if the client decides
   */
  record Bye(String reason, @Nullable Long reconnectAfter) implements Reply {
    @Override
    public void putInto(Map<String, Json> fields) {
      fields.put("status", Json.of("Bye!"));
      fields.put("context", Json.of("response"));
      fields.put("reason", Json.of(reason));
      if (reconnectAfter != null) {
        fields.put("reconnectAfter", Json.of(reconnectAfter));
      }
    }
  }

  /**
   * The reply in its wire format.
   *
   * @param messageCount the number of the request that this answers, from 1; 0 if it answers none
   * @param messageId the message id of the request, or null
   * @return the JSON, as UTF-8
   */
  default byte[] encode(long messageCount, @Nullable Json messageId) {
    int length = messageId == null ? 0 : JsonWriter.expectedLength(messageId) + 16;
    JsonWriter written = written(length + JsonWriter.digits(messageCount));
    if (written != null) {
      return end(written, messageCount, messageId);
    }
    byte[] fields = toJson(messageCount, messageId).encode();
    if (!(this instanceof Read read)) {
      return fields;
    }
    var out = new ByteArrayOutputStream();
    out.write(fields, 0, fields.length - 1);
    read.excerpt.writeMessages(out);
    out.write('}');
    return out.toByteArray();
  }

  /**
   * The most frequent replies, written without a tree; null for the others.
   *
   * @param end how long the digits of the number and the id of the request are
   */
  private @Nullable JsonWriter written(int end) {
    if (this instanceof Said said) {
      Cursor at = said.cursor;
      int length = at.epoch().length() + JsonWriter.digits(at.offset());
      return done(",'epoch':'','offset':".length() + length + end).cursor(at);
    }
    if (this instanceof DoneIn done) {
      int length = ",'room':''".length() + done.room.length();
      return done(length + end).raw(",\"room\":").text(done.room);
    }
    return this instanceof Receives receives ? receives.heard.written(end) : null;
  }

  /**
   * Begins a reply.
   *
   * @param length how many characters are expected to follow, without {@code messageCount}
   */
  private static JsonWriter done(int length) {
    String begin = "{\"context\":\"response\",\"status\":\"OK\"";
    return new JsonWriter(begin.length() + length + ",'messageCount':}".length()).raw(begin);
  }

  private static byte[] end(JsonWriter json, long messageCount, @Nullable Json messageId) {
    if (messageCount > 0) {
      json.raw(",\"messageCount\":").raw(messageCount);
    }
    if (messageId != null) {
      json.raw(",\"messageId\":").value(messageId, JsonCodec.MAX_TOLD_DEPTH - 1);
    }
    return json.raw('}').written();
  }

  /**
   * The reply in its wire format, as a tree. The messages of a {@link Read} are left out: they are
   * encoded already.
   *
   * @param messageCount the number of the request that this answers, from 1; 0 if it answers none
   * @param messageId the message id of the request, or null
   * @return the JSON object
   */
  default Json.Obj toJson(long messageCount, @Nullable Json messageId) {
    var fields = new LinkedHashMap<String, Json>();
    putInto(fields);
    if (messageCount > 0) {
      fields.put("messageCount", Json.of(messageCount));
    }
    if (messageId != null) {
      fields.put("messageId", messageId);
    }
    return new Json.Obj(fields);
  }

  /**
   * Adds the fields of this kind of reply, in the order of the wire format. The messages of a
   * {@link Read} are left out.
   *
   * @param fields the fields so far
   */
  void putInto(Map<String, Json> fields);

  private static void ok(Map<String, Json> fields) {
    fields.put("context", Json.of("response"));
    fields.put("status", Json.of("OK"));
  }
}
