package io.earshot.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Everything that a client can ask of the server. */
public sealed interface Command {

  /**
   * Tell all others in a room.
   *
   * @param room the room, which has to be one of one's own; null for the current one
   * @param message what to tell
   * @param audience whom to tell, or null to go by the connection's params
   */
  record Say(@Nullable String room, Json message, @Nullable Audience audience) implements Command {}

  /**
   * Leave one's current room for another; for the same one, leave and join again.
   *
   * @param room where to go
   * @param after what is known of that room already, so that only the rest is told; or null
   * @param token what lets one in, or null
   */
  record ChangeRoom(String room, @Nullable Cursor after, @Nullable String token)
      implements Command {}

  /**
   * Be in one more room; the current one stays what it is.
   *
   * @param room the room
   * @param after what is known of that room already, or null
   * @param token what lets one in, or null
   */
  record AddRoom(String room, @Nullable Cursor after, @Nullable String token) implements Command {}

  /**
   * Leave a room. Who leaves the current one is in the default room instead.
   *
   * @param room the room to leave, which has to be one of one's own
   */
  record LeaveRoom(String room) implements Command {}

  /**
   * Who is in a room.
   *
   * @param room the room, which has to be one of one's own; null for the current one
   */
  record ViewRoom(@Nullable String room) implements Command {}

  /**
   * Hear a room without being in it.
   *
   * @param room the room to hear
   * @param after what is known of that room already, or null
   * @param token what lets one listen, or null
   */
  record Listen(String room, @Nullable Cursor after, @Nullable String token) implements Command {}

  /**
   * Hear it no longer.
   *
   * @param room the room listened to
   */
  record Silence(String room) implements Command {}

  /**
   * Be again who one was before the connection was lost.
   *
   * @param session the token that the welcome carried then
   * @param after what is known of each room already
   */
  record Resume(String session, Map<String, Cursor> after) implements Command {}

  /**
   * Show a newer token for one's rooms.
   *
   * @param token the token
   */
  record RefreshToken(String token) implements Command {}

  /** What the server knows of this connection. */
  record ViewDetails() implements Command {}

  /**
   * Set a param that stays with the connection.
   *
   * @param key its name
   * @param value its value
   */
  record AddParam(String key, String value) implements Command {}

  /**
   * Show one param.
   *
   * @param key its name
   */
  record ViewParam(String key) implements Command {}

  /**
   * Remove one param.
   *
   * @param key its name
   */
  record DeleteParam(String key) implements Command {}

  /** Show all params. */
  record ViewParams() implements Command {}

  /** Remove all params. */
  record DeleteParams() implements Command {}

  /** Say goodbye. */
  record Quit() implements Command {}

  /**
   * Run an action. Whatever is not a verb is taken for one, so that no input is dropped in silence.
   *
   * @param name the action's name; empty where none was given
   * @param params the params of this one request, or null to go by the connection's
   */
  record Act(String name, @Nullable Map<String, Json> params) implements Command {}

  /**
   * Not understood; answered like the rest.
   *
   * @param error what was wrong, for whoever sent it
   */
  record Malformed(String error) implements Command {}
}
