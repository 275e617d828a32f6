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
 * @param limits the limits that the client has to keep
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
    Limits limits,
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
      var fields = LinkedHashMap.<String, Json>newLinkedHashMap(5);
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
   * @return the JSON object
   */
  public Json.Obj toJson() {
    var fields = LinkedHashMap.<String, Json>newLinkedHashMap(8);
    fields.put("welcome", Json.of(text));
    if (room != null) {
      fields.put("room", Json.of(room));
    }
    fields.put("context", Json.of("api"));
    if (cursor != null) {
      cursor.putInto(fields);
    }
    if (recovered != null) {
      fields.put("recovered", Json.of(recovered));
    }
    if (history != null) {
      fields.put("history", Json.of(history));
    }
    if (session != null) {
      fields.put("session", Json.of(session));
    }
    if (user != null) {
      fields.put("user", user.json());
    }
    if (inbox != null) {
      fields.put("inbox", inbox.toJson());
    }
    if (isLoginRequired) {
      fields.put("login", Json.of("required"));
    }
    fields.put("limits", limits.toJson());
    return new Json.Obj(fields);
  }
}
