package io.earshot.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Everything that a client can ask of the server. */
public sealed interface Command {

  /**
   * Tell all others in one's room.
   *
   * @param room the room meant, or null for one's own
   * @param message what to tell
   * @param audience whom to tell, or null to go by the connection's params
   */
  record Say(@Nullable String room, Json message, @Nullable Audience audience) implements Command {}

  /**
   * Leave one's room for another; for the same one, leave and join again.
   *
   * @param room where to go
   */
  record ChangeRoom(String room) implements Command {}

  /**
   * Leave a room, and be in the default room instead.
   *
   * @param room the room to leave, which has to be one's own
   */
  record LeaveRoom(String room) implements Command {}

  /** Who is in one's room. */
  record ViewRoom() implements Command {}

  /**
   * Hear a room without being in it.
   *
   * @param room the room to hear
   */
  record Listen(String room) implements Command {}

  /**
   * Hear it no longer.
   *
   * @param room the room listened to
   */
  record Silence(String room) implements Command {}

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
