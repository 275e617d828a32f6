package io.earshot.engine;

import io.earshot.Actions;
import io.earshot.Api;
import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Feed;
import io.earshot.Hooks;
import io.earshot.Moderation;
import io.earshot.Users;
import io.earshot.WebServer;
import io.earshot.action.ActionRunner;
import io.earshot.connection.ConnectionActions;
import io.earshot.connection.Directory;
import io.earshot.feed.EventFeed;
import io.earshot.feed.OwnConsumers;
import io.earshot.hook.HookRegistry;
import io.earshot.hook.HookRunner;
import io.earshot.login.LoginHooks;
import io.earshot.web.MessageQueues;
import java.util.Collection;
import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * The {@link Api} of a server.
 *
 * <p>Immutable; what it refers to is thread-safe.
 */
final class ServerApi implements Api {
  private final Config config;
  private final ChatRoom chatRoom;
  private final ActionRunner actions;
  private final WebServer webServer = new MessageQueues();
  private final HookRunner hookRunner;
  private final LoginHooks loginHooks;
  private final Hooks hooks;
  private final Moderation moderation;
  private final Directory connections;
  private final ConnectionActions connectionActions;
  private final Users users;
  private final EventFeed eventFeed;
  private final Feed feed;

  ServerApi(
      Config config,
      ChatRoom chatRoom,
      ActionRunner actions,
      HookRunner hookRunner,
      LoginHooks loginHooks,
      Moderation moderation,
      Directory connections,
      ConnectionActions connectionActions,
      Users users,
      EventFeed eventFeed) {
    this.config = config;
    this.chatRoom = chatRoom;
    this.actions = actions;
    this.hookRunner = hookRunner;
    this.loginHooks = loginHooks;
    this.hooks = new HookRegistry(hookRunner, loginHooks);
    this.moderation = moderation;
    this.connections = connections;
    this.connectionActions = connectionActions;
    this.users = users;
    this.eventFeed = eventFeed;
    this.feed = new OwnConsumers(eventFeed);
  }

  @Override
  public Api forPlugIn() {
    return new ServerApi(
        config,
        chatRoom,
        actions,
        hookRunner,
        loginHooks,
        moderation,
        connections,
        connectionActions,
        users,
        eventFeed);
  }

  @Override
  public Feed feed() {
    return feed;
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
    return moderation;
  }

  @Override
  public Users users() {
    return users;
  }

  @Override
  public Config configData() {
    return config;
  }

  @Override
  public Optional<Connection> connection(String id) {
    return Optional.ofNullable(connections.find(id));
  }

  @Override
  public CompletionStage<Boolean> kick(String id, String reason) {
    return connectionActions.kick(id, reason);
  }

  @Override
  public CompletionStage<Users.Moved> join(String id, String room) {
    return connectionActions.move(id, room, true);
  }

  @Override
  public CompletionStage<Users.Moved> leave(String id, String room) {
    return connectionActions.move(id, room, false);
  }

  @Override
  public Collection<Connection> connections() {
    return Collections.unmodifiableCollection(connections.all());
  }
}
