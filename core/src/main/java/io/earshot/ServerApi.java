package io.earshot;

import io.earshot.spi.Refusal;
import java.util.Collection;
import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What {@link Api} says, done.
 */
final class ServerApi implements Api {
  private final Earshot earshot;
  private final ChatRoom chatRoom;
  private final Actions actions;
  private final WebServer webServer;
  private final Hooks hooks;

  ServerApi(Earshot earshot, Carriers carriers) {
    this.earshot = earshot;
    this.chatRoom = new ChatRoom(earshot);
    this.actions = new Actions(this, earshot.config(), carriers);
    this.webServer = new WebServer();
    this.hooks = new Hooks(earshot.hooks());
  }

  private ServerApi(Api whole) {
    this.earshot = whole.earshot;
    this.chatRoom = whole.chatRoom;
    this.actions = whole.actions;
    this.webServer = whole.webServer;
    this.hooks = new Hooks(earshot.hooks());
  }

  @Override
  public Api forPlugIn() {
    return new Api(this);
  }

  /** Counts something that was refused. */
  void count(Refusal kind) {
    earshot.count(kind);
  }

  @Override
  public ChatRoom chatRoom() {
    return chatRoom;
  }

  @Override
  public Actions actions() {
    return actions;
  }

  @Override
  public Hooks hooks() {
    return hooks;
  }

  @Override
  public WebServer webServer() {
    return webServer;
  }

  @Override
  public Moderation moderation() {
    return earshot.moderation();
  }

  @Override
  public Config configData() {
    return earshot.config();
  }

  @Override
  public Optional<Connection> connection(String id) {
    return Optional.ofNullable(earshot.connections().find(id));
  }

  @Override
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

  @Override
  public Collection<Connection> connections() {
    return Collections.unmodifiableCollection(earshot.connections().all());
  }
}
