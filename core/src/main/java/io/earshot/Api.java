package io.earshot;

import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * The API of a server for programs. The names {@code chatRoom}, {@code webServer} and {@code
 * configData} are those of actionHero.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface Api {
  /**
   * The same API for a part of a program that may be unloaded. It keeps track of the hooks and the
   * consumers that are added through it, and its {@link Hooks#removeAll} and {@link Feed#removeAll}
   * remove only those.
   *
   * @return the API of the same server, with hooks and consumers of its own
   */
  Api forPlugIn();

  /**
   * Messages to rooms, and the members of rooms.
   *
   * @return the rooms
   */
  ChatRoom chatRoom();

  /**
   * The actions that clients can call by name.
   *
   * @return the actions, to which programs add their own
   */
  Actions actions();

  /**
   * Server code that decides about requests of clients.
   *
   * @return the hooks, to which programs add their own
   */
  Hooks hooks();

  /**
   * The message queues of HTTP clients.
   *
   * @return the message queues
   */
  WebServer webServer();

  /**
   * Bans, mutes, and closed rooms.
   *
   * @return the moderation
   */
  Moderation moderation();

  /**
   * The users who are online.
   *
   * @return the users of all servers
   */
  Users users();

  /**
   * What happens on the servers, for code that must hear of each event.
   *
   * @return the feed, to which programs add consumers
   */
  Feed feed();

  /**
   * The settings that this server runs with.
   *
   * @return the tree of settings
   */
  Config configData();

  /**
   * Finds a connection of this server.
   *
   * @param id the public id of the connection
   * @return the connection, or empty if this server has none with that id
   */
  Optional<Connection> connection(String id);

  /**
   * Disconnects a client of any server of the cluster.
   *
   * @param id the public id of the client
   * @param reason the reason that the client is sent
   * @return whether there is such a client; failed if the other servers cannot be asked. Completed
   *     on any thread
   */
  CompletionStage<Boolean> kick(String id, String reason);

  /**
   * Makes a connection of any server of the cluster a member of a room; see {@link
   * Connection#join}.
   *
   * @param id the public id of the connection
   * @param room the room's name
   * @return whether it joins, as a number of connections: 1 or 0. Completed on any thread, within a
   *     bounded time
   * @throws IllegalArgumentException if no client can join a room of this name
   */
  CompletionStage<Users.Moved> join(String id, String room);

  /**
   * Makes a connection of any server of the cluster leave a room; see {@link Connection#leave}.
   *
   * @param id the public id of the connection
   * @param room the room's name
   * @return whether it leaves, as a number of connections: 1 or 0. Completed on any thread, within
   *     a bounded time
   * @throws IllegalArgumentException if no client can join a room of this name
   */
  CompletionStage<Users.Moved> leave(String id, String room);

  /**
   * All connections of this server.
   *
   * @return a snapshot that cannot be changed
   */
  Collection<Connection> connections();
}
