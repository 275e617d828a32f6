package io.earshot;

import io.earshot.protocol.Json;

/**
 * Server code that has a say in what clients do: it may refuse a connection, a join or a message,
 * change a message, and is told who comes and goes.
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
 * <p>A hook runs on a virtual thread and may block. What one connection does is asked about one
 * thing after the other, in the order in which it was done, and the connection waits meanwhile;
 * others do not. Where several hooks are for a room, they are asked in the order in which they were
 * added, and the first that refuses has the last word. Each may take the setting {@code
 * hooks.timeout}: then its thread is interrupted, and {@code hooks.onTimeout} says what holds. An
 * exception that is no {@link RefusedException} refuses as well; the client learns that there was
 * an error, and the log which.
 *
 * <p>What server code itself does, such as {@link ChatRoom#socketRoomBroadcast}, is not asked
 * about.
 *
 * <p>Thread-safe: a concurrent set of what was added here.
 */
public interface Hooks {
  /** A hook that was added. */
  interface Registration extends AutoCloseable {
    /** Takes the hook away. It is not asked again; where it runs at the moment, it counts. */
    @Override
    void close();
  }

  /** Is asked about who connects. */
  @FunctionalInterface
  interface ConnectHook {
    /**
     * Lets a client in by returning.
     *
     * @param connection the client, which is in no room yet and has not been welcomed
     * @throws RefusedException to send it away; the message says why, and is told
     * @throws Exception if it failed; the client is sent away
     */
    void connect(Connection connection) throws Exception;
  }

  /**
   * Somebody wants to be in a room, or to listen to it.
   *
   * @param connection who
   * @param room the room's name
   * @param what {@link Permission#JOIN}, or {@link Permission#LISTEN} for who wants to hear it
   *     without being in it
   */
  record Join(Connection connection, String room, Permission what) {}

  /** Is asked about who wants to be in a room. */
  @FunctionalInterface
  interface JoinHook {
    /**
     * Lets a client in by returning.
     *
     * @param join who wants to be where
     * @throws RefusedException to refuse; the message says why, and is told
     * @throws Exception if it failed; the join is refused
     */
    void join(Join join) throws Exception;
  }

  /**
   * Somebody wants to say something.
   *
   * @param connection who
   * @param room the room's name, which need not be the one that the connection is in
   * @param message what, as the hooks before have left it
   */
  record Say(Connection connection, String room, Json message) {}

  /** Is asked about what clients say. */
  @FunctionalInterface
  interface SayHook {
    /**
     * Says what is to be told.
     *
     * @param say who wants to say what, and where
     * @return the message: the same, or another text, or what JSON can say (numbers, truth values,
     *     lists, maps, {@link Json})
     * @throws RefusedException to refuse; the message says why, and is told
     * @throws Exception if it failed; the message is refused
     */
    Object say(Say say) throws Exception;
  }

  /**
   * Somebody has come into a room, or has left it.
   *
   * @param connection who; it may be gone already, but its id and attributes still tell who it was
   * @param room the room's name
   */
  record Presence(Connection connection, String room) {}

  /** Is told who came or went. */
  @FunctionalInterface
  interface PresenceHook {
    /**
     * Takes notice.
     *
     * @param presence who, and where
     * @throws Exception if it failed; the log says so, and nothing else happens
     */
    void tell(Presence presence) throws Exception;
  }

  /**
   * Asks a hook about everybody who connects, before they are welcomed. HTTP clients are asked
   * about when they get a message queue; without queues they do not connect, and are not.
   *
   * @param hook what to ask
   * @return by which it can be taken away
   */
  Registration onConnect(ConnectHook hook);

  /**
   * Asks a hook about who wants to be in some rooms, or to listen to them, before they are. Others
   * may still refuse: who has really come, {@link #onJoined} says. It is not asked about who enters
   * anew where they are already, or comes back with their session; nor about who reads by HTTP what
   * a room told, which rules and tokens alone decide.
   *
   * @param rooms the names of the rooms; {@code *} stands for anything
   * @param hook what to ask
   * @return by which it can be taken away
   */
  Registration onJoin(String rooms, JoinHook hook);

  /**
   * Tells a hook who has come into some rooms.
   *
   * @param rooms the names of the rooms; {@code *} stands for anything
   * @param hook what to tell
   * @return by which it can be taken away
   */
  Registration onJoined(String rooms, PresenceHook hook);

  /**
   * Asks a hook about what clients say in some rooms, once for each message and before anybody
   * hears it.
   *
   * @param rooms the names of the rooms; {@code *} stands for anything
   * @param hook what to ask
   * @return by which it can be taken away
   */
  Registration onSay(String rooms, SayHook hook);

  /**
   * Tells a hook who has left some rooms: once for each time that somebody was in one, however it
   * ended. Who is lost has left when nobody waits for them any more.
   *
   * @param rooms the names of the rooms; {@code *} stands for anything
   * @param hook what to tell
   * @return by which it can be taken away
   */
  Registration onLeave(String rooms, PresenceHook hook);

  /** Takes all hooks away that were added by this object. */
  void removeAll();
}
