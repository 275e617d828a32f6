package io.earshot;

import io.earshot.spi.Refusal;
import java.util.Collection;
import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What server code can ask of Earshot.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public final class Api {
  private final Earshot earshot;
  private final ChatRoom chatRoom;
  private final Actions actions;
  private final WebServer webServer;
  private final Hooks hooks;

  Api(Earshot earshot, Carriers carriers) {
    this.earshot = earshot;
    this.chatRoom = new ChatRoom(earshot);
    this.actions = new Actions(this, earshot.config(), carriers);
    this.webServer = new WebServer();
    this.hooks = new Hooks(earshot.hooks());
  }

  private Api(Api whole) {
    this.earshot = whole.earshot;
    this.chatRoom = whole.chatRoom;
    this.actions = whole.actions;
    this.webServer = whole.webServer;
    this.hooks = new Hooks(earshot.hooks());
  }

  /**
   * The same for a part of a program that may have to go: what hooks it has added are its own, and
   * {@link Hooks#removeAll} takes them away.
   *
   * @return the same server, with hooks of its own
   */
  public Api forPlugIn() {
    return new Api(this);
  }

  /** Counts something that was refused. */
  void count(Refusal kind) {
    earshot.count(kind);
  }

  /**
   * Speaking in rooms, and asking who is in them.
   *
   * @return the rooms
   */
  public ChatRoom chatRoom() {
    return chatRoom;
  }

  /**
   * What clients can ask for by name.
   *
   * @return the actions, to which programs add theirs
   */
  public Actions actions() {
    return actions;
  }

  /**
   * What has a say in what clients do.
   *
   * @return the hooks, to which programs add theirs
   */
  public Hooks hooks() {
    return hooks;
  }

  /**
   * What concerns clients that come by HTTP.
   *
   * @return the message queues
   */
  public WebServer webServer() {
    return webServer;
  }

  /**
   * Keeping order among clients: bans, mutes, and rooms that are closed.
   *
   * @return the moderation
   */
  public Moderation moderation() {
    return earshot.moderation();
  }

  /**
   * The settings that this server runs with.
   *
   * @return the tree of settings
   */
  public Config configData() {
    return earshot.config();
  }

  /**
   * Finds a connection of this server.
   *
   * @param id its public id
   * @return the connection, or empty if there is none (any more)
   */
  public Optional<Connection> connection(String id) {
    return Optional.ofNullable(earshot.connections().find(id));
  }

  /**
   * Says goodbye to a client and ends its connection, on whichever server of the cluster it is.
   *
   * @param id its public id
   * @param reason the reason that the client is told
   * @return whether there is such a client; failed if the other servers cannot be asked
   */
  public CompletionStage<Boolean> kick(String id, String reason) {
    Connection here = earshot.connections().find(id);
    Cluster cluster = earshot.cluster();
    if (here != null) {
      here.close(reason);
    }
    return here != null || cluster == null
        ? CompletableFuture.completedStage(here != null)
        : cluster.errands().close(id, reason);
  }

  /**
   * All connections of this server.
   *
   * @return those that are connected at this moment
   */
  public Collection<Connection> connections() {
    return Collections.unmodifiableCollection(earshot.connections().all());
  }
}
