package io.earshot.protocol;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A command of a client. All commands are immutable. */
public sealed interface Command {

  /** The verbs of a line with their arguments, for a person who asks for help. */
  List<String> VERBS =
      List.of(
          "say TEXT",
          "roomChange ROOM",
          "roomView",
          "roomLeave ROOM",
          "listenToRoom ROOM",
          "silenceRoom ROOM",
          "history ROOM",
          "signal TEXT",
          "login TOKEN",
          "tokenRefresh TOKEN",
          "resume SESSION",
          "detailsView",
          "paramAdd KEY=VALUE",
          "paramView KEY",
          "paramDelete KEY",
          "paramsView",
          "paramsDelete",
          "quit");

  /**
   * Send a message to the others in a room.
   *
   * @param room the room, which the connection has to be in; null for the current room
   * @param message the content
   * @param audience the recipients; null to use the connection's params
   * @param traceparent the trace that the message belongs to, as the client sent it, unchecked;
   *     null for none
   */
  record Say(
      @Nullable String room,
      Json message,
      @Nullable Audience audience,
      @Nullable String traceparent)
      implements Command {

    /**
     * A message that belongs to no trace.
     *
     * @param room the room; null for the current room
     * @param message the content
     * @param audience the recipients; null to use the connection's params
     */
    public Say(@Nullable String room, Json message, @Nullable Audience audience) {
      this(room, message, audience, null);
    }
  }

  /**
   * Send a signal to the others in a room: a message that is not kept.
   *
   * @param room the room, which the connection has to be in; null for the current room
   * @param content the content
   * @param kind what it is about, or null: a newer signal replaces an older one of the same kind
   */
  record SendSignal(@Nullable String room, Json content, @Nullable String kind)
      implements Command {}

  /**
   * Leave the current room and join another. If it is the same room, leave it and join it again.
   *
   * @param room the room to join
   * @param start where the messages begin that the client receives
   * @param token the token for the room, or null
   */
  record ChangeRoom(String room, Start start, @Nullable String token) implements Command {}

  /**
   * Join one more room. The current room stays the current one.
   *
   * @param room the room to join
   * @param start where the messages begin that the client receives
   * @param token the token for the room, or null
   */
  record AddRoom(String room, Start start, @Nullable String token) implements Command {}

  /**
   * Leave a room. A connection that leaves its current room joins the default room instead.
   *
   * @param room the room to leave, which the connection has to be in
   */
  record LeaveRoom(String room) implements Command {}

  /**
   * List the members of a room.
   *
   * @param room the room, which the connection has to be in; null for the current room
   * @param page the part of the list; null for all members
   */
  record ViewRoom(@Nullable String room, RoomStatus.@Nullable Page page) implements Command {}

  /**
   * Listen to a room without being a member.
   *
   * @param room the room to listen to
   * @param start where the messages begin that the client receives
   * @param token the token for the room, or null
   */
  record Listen(String room, Start start, @Nullable String token) implements Command {}

  /**
   * Read earlier messages of a room.
   *
   * @param room the room, which the connection has to be in or listen to; null for the current room
   * @param before the position before which the messages are; null for the newest messages
   * @param limit the largest number of messages, from 1 to {@link Start#MAX_HISTORY}
   */
  record ReadHistory(@Nullable String room, @Nullable Cursor before, int limit) implements Command {

    /** The limit of a client that names none. */
    public static final int DEFAULT_LIMIT = 100;
  }

  /**
   * Stop listening to a room.
   *
   * @param room the room that the connection listens to
   */
  record Silence(String room) implements Command {}

  /**
   * Resume the session of a lost connection.
   *
   * @param session the token in that connection's welcome
   * @param after the last position that the client knows, by room
   */
  record Resume(String session, Map<String, Cursor> after) implements Command {}

  /**
   * Replace the token for rooms that the connection is in or listens to.
   *
   * @param token the newer token
   */
  record RefreshToken(String token) implements Command {}

  /**
   * Say who the client is, or show a newer token of the same user.
   *
   * @param token the token of the login
   * @param inbox the last position of the user's inbox that the client knows, or null
   */
  record Login(String token, @Nullable Cursor inbox) implements Command {}

  /** Show the details of this connection. */
  record ViewDetails() implements Command {}

  /**
   * Set a param of the connection.
   *
   * @param key the param's name
   * @param value the param's value
   */
  record AddParam(String key, String value) implements Command {}

  /**
   * Show one param of the connection.
   *
   * @param key the param's name
   */
  record ViewParam(String key) implements Command {}

  /**
   * Remove one param of the connection.
   *
   * @param key the param's name
   */
  record DeleteParam(String key) implements Command {}

  /** Show all params of the connection. */
  record ViewParams() implements Command {}

  /** Remove all params of the connection. */
  record DeleteParams() implements Command {}

  /** Close the connection. */
  record Quit() implements Command {}

  /**
   * Run an action. A line that does not begin with a verb names an action, so that every input is
   * answered.
   *
   * @param name the action's name; empty if none was given
   * @param params the params of this request; null to use the connection's
   */
  record Act(String name, @Nullable Map<String, Json> params) implements Command {}

  /**
   * Input that is not a command. It is answered with an error.
   *
   * @param error the error, for the client
   */
  record Malformed(String error) implements Command {}
}
