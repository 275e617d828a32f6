package io.earshot.protocol;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The first message that a client receives.
 *
 * <p>Immutable.
 *
 * @param text the server's greeting
 * @param room the room that the client is in; null for a client that begins in no room
 * @param cursor the position in the room's order after which the client receives messages; null if
 *     the server does not know it yet
 * @param recovered whether the client receives all messages after the cursor that it gave; null if
 *     it gave none
 * @param history how many earlier messages follow, all of them up to {@code cursor}; null if the
 *     client asked for none, or has {@code recovered}
 * @param session the token with which the client can resume; null if sessions are not kept
 * @param limits the {@link Limits} that the client has to keep, in their wire format
 * @param user the user that the client is logged in as; null without a login
 * @param inbox the user's inbox, to which the connection listens; null without a login
 * @param isLoginRequired whether the client has to log in before anything else
 */
public record Welcome(
    String text,
    @Nullable String room,
    @Nullable Cursor cursor,
    @Nullable Boolean recovered,
    @Nullable Integer history,
    @Nullable String session,
    Json.Obj limits,
    @Nullable User user,
    Reply.@Nullable Received inbox,
    boolean isLoginRequired) {

  /**
   * The limits that a client has to keep. Requests beyond them are refused; a WebSocket message
   * that is too long ends its connection.
   *
   * <p>Immutable.
   *
   * @param messageBytes the length of the longest line, frame or body, in bytes
   * @param rooms in how many rooms the client may be
   * @param messagesPerSecond how many requests the client may send in a second; 0 for no limit
   * @param signalsPerSecond how many signals the client may send in a second; 0 for no limit
   */
  public record Limits(int messageBytes, int rooms, int messagesPerSecond, int signalsPerSecond) {
    /**
     * The limits in their wire format.
     *
     * @return the JSON object
     */
    public Json.Obj toJson() {
      var fields = new LinkedHashMap<String, Json>(8);
      fields.put("messageBytes", Json.of(messageBytes));
      fields.put("roomNameLength", Json.of(RoomName.MAX_LENGTH));
      fields.put("rooms", Json.of(rooms));
      if (messagesPerSecond > 0) {
        fields.put("messagesPerSecond", Json.of(messagesPerSecond));
      }
      if (signalsPerSecond > 0) {
        fields.put("signalsPerSecond", Json.of(signalsPerSecond));
      }
      return new Json.Obj(fields);
    }
  }

  /**
   * The welcome in its wire format.
   *
   * @return the JSON, as UTF-8
   */
  public byte[] encode() {
    int depth = JsonCodec.MAX_TOLD_DEPTH - 1;
    var json = new JsonWriter(text.length() + 320).raw("{\"welcome\":").text(text);
    if (room != null) {
      json.raw(",\"room\":").text(room);
    }
    json.raw(",\"context\":\"api\"").received(cursor, recovered, history);
    if (session != null) {
      json.raw(",\"session\":").text(session);
    }
    if (user != null) {
      json.raw(",\"user\":").value(user.json(), depth);
    }
    if (inbox != null) {
      json.raw(",\"inbox\":").value(inbox.toJson(), depth);
    }
    if (isLoginRequired) {
      json.raw(",\"login\":\"required\"");
    }
    return json.raw(",\"limits\":").value(limits, depth).raw('}').written();
  }
}
