package io.earshot;

import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * What server code can ask of Earshot.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface Api {
  /**
   * The same for a part of a program that may have to go: what hooks it has added are its own, and
   * {@link Hooks#removeAll} takes them away.
   *
   * @return the same server, with hooks of its own
   */
  Api forPlugIn();

  /**
   * Speaking in rooms, and asking who is in them.
   *
   * @return the rooms
   */
  ChatRoom chatRoom();

  /**
   * What clients can ask for by name.
   *
   * @return the actions, to which programs add theirs
   */
  Actions actions();

  /**
   * What has a say in what clients do.
   *
   * @return the hooks, to which programs add theirs
   */
  Hooks hooks();

  /**
   * What concerns clients that come by HTTP.
   *
   * @return the message queues
   */
  WebServer webServer();

  /**
   * Keeping order among clients: bans, mutes, and rooms that are closed.
   *
   * @return the moderation
   */
  Moderation moderation();

  /**
   * The settings that this server runs with.
   *
   * @return the tree of settings
   */
  Config configData();

  /**
   * Finds a connection of this server.
   *
   * @param id its public id
   * @return the connection, or empty if there is none (any more)
   */
  Optional<Connection> connection(String id);

  /**
   * Says goodbye to a client and ends its connection, on whichever server of the cluster it is.
   *
   * @param id its public id
   * @param reason the reason that the client is told
   * @return whether there is such a client; failed if the other servers cannot be asked
   */
  CompletionStage<Boolean> kick(String id, String reason);

  /**
   * All connections of this server.
   *
   * @return those that are connected at this moment
   */
  Collection<Connection> connections();
}
