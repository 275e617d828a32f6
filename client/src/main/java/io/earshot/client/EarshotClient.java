package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client of an Earshot server. It is a member of the default room from the start, can join and
 * listen to other rooms, and reconnects by itself when the connection is lost.
 *
 * <pre>{@code
 * try (var client = EarshotClient.connect(URI.create("ws://localhost:8080"))) {
 *   Room attic = client.join("attic");
 *   attic.onMessage(message -> System.out.println(message.from() + ": " + message.text()));
 *   attic.say("hello");
 * }
 * }</pre>
 *
 * <p>Thread-safe. Methods that do not end in {@code Async} block, which is cheap on virtual
 * threads; they throw an {@link EarshotException} if the server refuses, or does not answer in
 * time. A client has no thread of its own over WebSocket, and two virtual threads over TCP.
 */
public final class EarshotClient implements AutoCloseable {
  private final Connection connection;

  EarshotClient(Connection connection) {
    this.connection = connection;
  }

  /**
   * Connects to a server, and waits until the client is in the default room.
   *
   * @param uri {@code ws://HOST:PORT} or {@code wss://} (WebSocket), {@code tcp://} or {@code
   *     tcps://} (lines over TCP)
   * @return the client
   * @throws EarshotException if the server cannot be reached now
   */
  public static EarshotClient connect(URI uri) {
    return builder(uri).connect();
  }

  /**
   * Returns a builder, for settings other than the defaults.
   *
   * @param uri the server's address, as for {@link #connect}
   * @return the builder
   */
  public static ClientBuilder builder(URI uri) {
    return new ClientBuilder(uri);
  }

  /**
   * The server's default room, which every client is a member of at first.
   *
   * @return the default room
   */
  public Room home() {
    return connection.memberships().home();
  }

  /**
   * Joins a room, in addition to the rooms that the client is in already. A room that was joined
   * several times is left when each of the returned objects has left it.
   *
   * @param room the room's name
   * @return the room
   * @throws EarshotException if the server refuses, or does not answer in time
   */
  public Room join(String room) {
    return Futures.await(joinAsync(room));
  }

  /**
   * Joins a room, without blocking.
   *
   * @param room the room's name
   * @return the room, once the client receives its messages
   */
  public CompletionStage<Room> joinAsync(String room) {
    return connection.memberships().enter(room, true, Start.LIVE, null);
  }

  /**
   * Joins a room, and receives its newest messages before those that follow.
   *
   * @param room the room's name
   * @param history how many of the newest messages to receive, from 0 to 1000; without effect in a
   *     room that the client is in already
   * @param handler called for every event of the room, as by {@link Room#onEvent}, beginning with
   *     the newest messages: the client's own, too. After a reconnect it is called for the messages
   *     that were missed; if they are lost, for the newest messages again
   * @return the room
   * @throws EarshotException if the server refuses, or does not answer in time
   */
  public Room join(String room, int history, Consumer<Event> handler) {
    return join(room, new Start(null, history), handler);
  }

  /**
   * Joins a room, and receives the messages after a position that the program has kept: {@link
   * Event.Message#place} of the last message that it has processed.
   *
   * @param room the room's name
   * @param start {@link Start#after} the position. Its {@code history} is for {@link #join(String,
   *     int, Consumer)} and for the case that messages after the position are lost
   * @param handler called for every event of the room, as by {@link Room#onEvent}. The first is
   *     {@link Event.Resumed}, which says whether all messages after the position follow
   * @return the room
   * @throws EarshotException if the server refuses, or does not answer in time; if the client is in
   *     the room already
   */
  public Room join(String room, Start start, Consumer<Event> handler) {
    return Futures.await(joinAsync(room, start, handler));
  }

  /**
   * Joins a room from a position, without blocking.
   *
   * @param room the room's name
   * @param start as for {@link #join(String, Start, Consumer)}
   * @param handler as for {@link #join(String, Start, Consumer)}
   * @return the room, once the client receives its messages
   */
  public CompletionStage<Room> joinAsync(String room, Start start, Consumer<Event> handler) {
    return connection.memberships().enter(room, true, start, handler);
  }

  /**
   * Listens to a room without being a member of it.
   *
   * @param room the room's name
   * @return the room
   * @throws EarshotException if the server refuses, or does not answer in time
   */
  public Room listen(String room) {
    return Futures.await(listenAsync(room));
  }

  /**
   * Listens to a room, without blocking.
   *
   * @param room the room's name
   * @return the room, once the client receives its messages
   */
  public CompletionStage<Room> listenAsync(String room) {
    return connection.memberships().enter(room, false, Start.LIVE, null);
  }

  /**
   * Listens to a room from a position, without blocking.
   *
   * @param room the room's name
   * @param start as for {@link #join(String, Start, Consumer)}
   * @param handler as for {@link #join(String, Start, Consumer)}
   * @return the room, once the client receives its messages
   */
  public CompletionStage<Room> listenAsync(String room, Start start, Consumer<Event> handler) {
    return connection.memberships().enter(room, false, start, handler);
  }

  /**
   * Calls a handler for every event of the user's inbox from now on, in order, on a virtual thread.
   * The inbox receives what the server or the application tells the user, on all connections. For
   * messages that come before this call, use {@link ClientBuilder#inbox}.
   *
   * @param handler the handler, which may block. {@link Event.Resumed} comes after a reconnect,
   *     before the messages that were missed
   * @return the subscription, which ends when it is closed
   */
  public Subscription onInbox(Consumer<Event> handler) {
    return connection.onInbox(handler);
  }

  /**
   * The position after which the messages of this client's inbox began. A program that has none yet
   * keeps it for the next {@link ClientBuilder#inbox}, until it has processed a message: then that
   * one's {@link Event.Message#place}.
   *
   * @return the position; null if the client has not logged in yet
   */
  public @Nullable Cursor inboxStart() {
    return connection.inboxStart();
  }

  /**
   * Runs an action of the server.
   *
   * @param name the action's name
   * @param params the action's parameters
   * @return the fields of the answer
   * @throws EarshotException if the action fails, if the server does not answer in time, or if the
   *     connection is lost before the answer
   */
  public Map<String, Json> action(String name, Map<String, ?> params) {
    return Futures.await(actionAsync(name, params));
  }

  /**
   * Runs an action of the server, without blocking. If the connection is lost before the answer,
   * the stage fails: the client does not send the request again, since the action may have run.
   *
   * @param name the action's name
   * @param params the action's parameters
   * @return the fields of the answer
   */
  public CompletionStage<Map<String, Json>> actionAsync(String name, Map<String, ?> params) {
    return connection.requests().action(name, params);
  }

  /**
   * The client's id, which other clients see in {@code from}. It changes when the client reconnects
   * and the server has not kept its session.
   *
   * @return the current id
   */
  public String id() {
    return connection.id();
  }

  /**
   * The user that the client has logged in as, as the server names it.
   *
   * @return the user; null without a login, and when it has ended
   */
  public @Nullable User user() {
    return connection.user();
  }

  /**
   * The state of the connection to the server.
   *
   * @return the current state
   */
  public State state() {
    return connection.state();
  }

  /**
   * The changes of {@link #state}.
   *
   * @return the states from now on
   */
  public Flow.Publisher<State> states() {
    return connection.states();
  }

  /** Closes the client. Returns at once; requests that are not answered yet fail. */
  @Override
  public void close() {
    connection.close();
  }
}
