package io.earshot.spring;

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
import io.earshot.netty.EarshotServer;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * The API of the server that runs now. A bean can have it before the server starts, and use it
 * afterwards.
 *
 * <p>Thread-safe: immutable.
 */
final class CurrentApi implements Api {
  private final Supplier<EarshotServer> server;

  CurrentApi(Supplier<EarshotServer> server) {
    this.server = server;
  }

  private Api now() {
    return server.get().api();
  }

  @Override
  public Api forPlugIn() {
    return now().forPlugIn();
  }

  @Override
  public ChatRoom chatRoom() {
    return now().chatRoom();
  }

  @Override
  public Actions actions() {
    return now().actions();
  }

  @Override
  public Hooks hooks() {
    return now().hooks();
  }

  @Override
  public WebServer webServer() {
    return now().webServer();
  }

  @Override
  public Moderation moderation() {
    return now().moderation();
  }

  @Override
  public Users users() {
    return now().users();
  }

  @Override
  public Feed feed() {
    return now().feed();
  }

  @Override
  public Config configData() {
    return now().configData();
  }

  @Override
  public Optional<Connection> connection(String id) {
    return now().connection(id);
  }

  @Override
  public CompletionStage<Boolean> kick(String id, String reason) {
    return now().kick(id, reason);
  }

  @Override
  public CompletionStage<Users.Moved> join(String id, String room) {
    return now().join(id, room);
  }

  @Override
  public CompletionStage<Users.Moved> leave(String id, String room) {
    return now().leave(id, room);
  }

  @Override
  public Collection<Connection> connections() {
    return now().connections();
  }
}
