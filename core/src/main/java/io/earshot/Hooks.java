package io.earshot;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Hooks: server code that decides about requests of clients. A hook may refuse a connection, a join
 * or a message, or change a message; other hooks learn of joins and leaves.
 *
 * <pre>{@code
 * api.hooks().onSay("lobby.*", say -> {
 *   if (say.connection().attributes().containsKey("muted")) {
 *     throw new RefusedException("you are muted");
 *   }
 *   return say.message();
 * });
 * }</pre>
 *
 * <p>A hook runs on a virtual thread and may block. Hooks decide about the requests of one
 * connection one after the other, in the order of the requests. That connection waits meanwhile;
 * other connections do not. Several hooks for one room are asked in the order in which they were
 * added; the first refusal is final. Each hook may take as long as the setting {@code
 * hooks.timeout}; then its thread is interrupted, and the setting {@code hooks.onTimeout} decides.
 * An exception other than {@link RefusedException} refuses the request with a general error, and
 * the log has the exception.
 *
 * <p>No hook is asked about the actions of server code, such as {@link
 * ChatRoom#socketRoomBroadcast}.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface Hooks {
  /** A hook that was added. */
  interface Registration extends AutoCloseable {
    /** Removes the hook. It is not asked again; an answer that it is working on still counts. */
    @Override
    void close();
  }

  /** Decides about new connections. */
  @FunctionalInterface
  interface ConnectHook {
    /**
     * Admits a client by returning.
     *
     * @param connection the client. It is in no room yet, and has not received the welcome message
     * @throws RefusedException to refuse the connection; the client receives its message
     * @throws Exception if the hook failed; the connection is refused
     */
    void connect(Connection connection) throws Exception;
  }

  /**
   * A client that connects: what it has sent, and what a hook may decide about it beyond {@link
   * Connection#set}.
   *
   * <p>Thread-safe. It is of no use once the hook has returned.
   */
  interface Connecting {
    /**
     * The headers of the client's request, by names in lower case.
     *
     * @return the values of each header; empty for a client that does not speak HTTP
     */
    Map<String, List<String>> headers();

    /**
     * The cookies of the client's request.
     *
     * @return the first value of each cookie
     */
    Map<String, String> cookies();

    /**
     * The query of the URL to which the client connects.
     *
     * @return the values of each parameter, decoded
     */
    Map<String, List<String>> query();

    /**
     * The claims of the token by which the client has logged in. They were verified.
     *
     * @return the claims; null for a client without a token
     */
    Json.@Nullable Obj claims();

    /**
     * Sets the user that the client is, in place of the user of its token.
     *
     * @param user the user
     */
    void user(User user);

    /**
     * Makes the client a member of a room, whatever the rules. It joins after its first room, and
     * receives {@code {"context":"room","room":…,"status":"joined"}}.
     *
     * @param room the room's name
     * @throws IllegalArgumentException if the name is not valid
     * @throws IllegalStateException for an HTTP client, which is in one room
     */
    void join(String room);
  }

  /** Decides about new connections by what the client has sent. */
  @FunctionalInterface
  interface ConnectRequestHook {
    /**
     * Admits a client by returning.
     *
     * @param connection the client. It is in no room yet, and has not received the welcome message
     * @param connecting what the client has sent, and what may be decided about it
     * @throws RefusedException to refuse the connection; the client receives its message
     * @throws Exception if the hook failed; the connection is refused
     */
    void connect(Connection connection, Connecting connecting) throws Exception;
  }

  /** Verifies the tokens of logins, for a program that has its own way to do that. */
  @FunctionalInterface
  interface LoginHook {
    /**
     * Verifies a token.
     *
     * @param token the token, as the client has shown it
     * @return the claims, which the settings {@code users} map to a user, with the end of the login
     *     as {@code exp}; null to leave the token to the hooks after this one, and to the keys of
     *     the server. Claims with {@code room} are those of a token for a room, which is no login
     * @throws RefusedException if the token is not valid; the client receives the message
     * @throws Exception if the hook failed; the login is refused
     */
    Json.@Nullable Obj verify(String token) throws Exception;
  }

  /**
   * A request to join a room, or to listen to it.
   *
   * @param connection the client
   * @param room the room's name
   * @param what {@link Permission#JOIN}, or {@link Permission#LISTEN} to receive messages without
   *     being a member
   */
  record Join(Connection connection, String room, Permission what) {}

  /** Decides about requests to join a room, or to listen to it. */
  @FunctionalInterface
  interface JoinHook {
    /**
     * Admits a client by returning.
     *
     * @param join the request
     * @throws RefusedException to refuse the request; the client receives the message
     * @throws Exception if the hook failed; the request is refused
     */
    void join(Join join) throws Exception;
  }

  /**
   * A request to say a message in a room.
   *
   * @param connection the client
   * @param room the room's name, which may differ from {@link Connection#room}
   * @param message the message, as the hooks before have changed it
   */
  record Say(Connection connection, String room, Json message) {}

  /** Decides about messages of clients. */
  @FunctionalInterface
  interface SayHook {
    /**
     * Returns the message to deliver.
     *
     * @param say the request
     * @return the same message or another: a text, or another value that JSON can express (a
     *     number, boolean, list, map or {@link Json})
     * @throws RefusedException to refuse the message; the client receives the exception's message
     * @throws Exception if the hook failed; the message is refused
     */
    Object say(Say say) throws Exception;
  }

  /**
   * A message of a client that has its place in the order of its room.
   *
   * @param connection the client. Its connection may have ended already; its id and attributes are
   *     still there
   * @param room the room's name
   * @param message the message as it was delivered, after hooks have changed it
   * @param place its place: the epoch of the room's order, and its offset
   */
  record Said(Connection connection, String room, Json message, Cursor place) {}

  /** Learns of messages that have their place. */
  @FunctionalInterface
  interface SaidHook {
    /**
     * Learns that a message of a client has its place.
     *
     * @param said the message
     * @throws Exception if the hook failed; the log has the exception, and nothing else happens
     */
    void said(Said said) throws Exception;
  }

  /**
   * A client has joined a room, or has left it.
   *
   * @param connection the client. Its connection may have ended already; its id and attributes are
   *     still there
   * @param room the room's name
   */
  record Presence(Connection connection, String room) {}

  /** Learns of joins, or of leaves. */
  @FunctionalInterface
  interface PresenceHook {
    /**
     * Learns that a client has joined a room, or has left it.
     *
     * @param presence the client and the room
     * @throws Exception if the hook failed; the log has the exception, and nothing else happens
     */
    void tell(Presence presence) throws Exception;
  }

  /**
   * Adds a hook that decides about each new connection, before the client receives the welcome
   * message. It decides about an HTTP client when the client gets a message queue; without queues
   * HTTP clients have no connections.
   *
   * @param hook the hook
   * @return the registration, which removes the hook
   */
  Registration onConnect(ConnectHook hook);

  /**
   * Adds a hook that decides about each new connection by headers, cookies and the query of its
   * request, and by its login. It may set the user and attributes of the client, and the rooms that
   * it is in. A client that reconnects is decided about again, before it is in any room and before
   * it resumes a session; what the hook sets then takes the place of what the session had. If a
   * login is required ({@code users.required}) and the client logs in with its first request, the
   * hook is asked once more, with the claims.
   *
   * @param hook the hook
   * @return the registration, which removes the hook
   */
  Registration onConnect(ConnectRequestHook hook);

  /**
   * Adds a hook that verifies the tokens by which clients log in, on every transport, in place of
   * the server's keys. A hook that takes longer than {@code hooks.timeout} refuses the login.
   *
   * @param hook the hook
   * @return the registration, which removes the hook
   */
  Registration onLogin(LoginHook hook);

  /**
   * Adds a hook that decides about requests to join some rooms, or to listen to them. Later hooks
   * may still refuse the request; {@link #onJoined} reports the joins that succeed. The hook is not
   * asked when a member joins its own room again, or resumes its session; nor about HTTP requests
   * that read a room, about which rules, tokens and measures alone decide.
   *
   * @param rooms the pattern of room names; {@code *} matches any characters
   * @param hook the hook
   * @return the registration, which removes the hook
   */
  Registration onJoin(String rooms, JoinHook hook);

  /**
   * Adds a hook that learns of joins in some rooms.
   *
   * @param rooms the pattern of room names; {@code *} matches any characters
   * @param hook the hook
   * @return the registration, which removes the hook
   */
  Registration onJoined(String rooms, PresenceHook hook);

  /**
   * Adds a hook that decides about the messages of clients in some rooms, once for each message,
   * before it is delivered.
   *
   * @param rooms the pattern of room names; {@code *} matches any characters
   * @param hook the hook
   * @return the registration, which removes the hook
   */
  Registration onSay(String rooms, SayHook hook);

  /**
   * Adds a hook that learns of the messages of clients in some rooms, after they have their place:
   * on the server that has received the message, whatever the client's transport. It is not told of
   * messages of server code. A message that the client sends again under the same {@code messageId}
   * is told again, with the place of the first.
   *
   * <p>Neither the answer to the client nor anything else waits for this hook. It is told of the
   * messages of one connection one after the other. While more than 1,000 messages of a connection
   * wait for it, further ones are left out, and the log says so; a process that is killed loses
   * those that wait. For code that must hear of each message there is {@link Api#feed}.
   *
   * @param rooms the pattern of room names; {@code *} matches any characters
   * @param hook the hook
   * @return the registration, which removes the hook
   */
  Registration afterSay(String rooms, SaidHook hook);

  /**
   * Adds a hook that learns of leaves in some rooms: once for each membership, for whatever reason
   * it ended. A lost client leaves when the time to resume is over.
   *
   * @param rooms the pattern of room names; {@code *} matches any characters
   * @param hook the hook
   * @return the registration, which removes the hook
   */
  Registration onLeave(String rooms, PresenceHook hook);

  /** Removes all hooks that were added through this object. */
  void removeAll();
}
