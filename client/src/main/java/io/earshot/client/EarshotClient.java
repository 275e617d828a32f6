package io.earshot.client;

import io.earshot.protocol.Json;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Function;
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

  private EarshotClient(Connection connection) {
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
  public static Builder builder(URI uri) {
    return new Builder(uri);
  }

  /** Builds a client. Not thread-safe. */
  public static final class Builder {
    private final URI uri;
    private Function<String, @Nullable String> tokens = _ -> null;
    private Duration shortest = Duration.ofMillis(250);
    private Duration longest = Duration.ofSeconds(15);
    private Duration patience = Duration.ofSeconds(30);

    private Builder(URI uri) {
      this.uri = uri;
    }

    /**
     * Sets the source of tokens for private rooms. By default there are none.
     *
     * @param source takes a room's name and returns its token, or null for a room that needs none.
     *     It is called on a virtual thread, and may block: at each join, at each reconnect, and
     *     when a token is about to expire. If it throws, a join fails with that exception; a room
     *     that the client was in before is tried again later
     * @return this
     */
    public Builder tokens(Function<String, @Nullable String> source) {
      this.tokens = source;
      return this;
    }

    /**
     * Sets how long to wait before reconnecting: a random time below a bound that doubles with each
     * failure. By default the bound is 250 ms at first, and at most 15 s.
     *
     * @param shortest the first bound
     * @param longest the largest bound
     * @return this
     */
    public Builder backoff(Duration shortest, Duration longest) {
      this.shortest = shortest;
      this.longest = longest;
      return this;
    }

    /**
     * Sets how long the client waits for an answer, including the time without a connection.
     *
     * @param time the time; 30 s by default
     * @return this
     */
    public Builder patience(Duration time) {
      this.patience = time;
      return this;
    }

    /**
     * Connects, and waits until the client is in the default room.
     *
     * @return the client
     * @throws EarshotException if the server cannot be reached now, or if the thread is interrupted
     */
    public EarshotClient connect() {
      var connecting = connectAsync().toCompletableFuture();
      try {
        return Futures.await(connecting);
      } catch (EarshotException e) {
        connecting.cancel(false); // not completed if the thread was interrupted
        var _ = connecting.thenAccept(EarshotClient::close);
        throw e;
      }
    }

    /**
     * Connects without blocking.
     *
     * @return the client, once it is in the default room; fails if the server cannot be reached
     *     now. To stop connecting, cancel the stage as a {@code CompletableFuture}
     */
    public CompletionStage<EarshotClient> connectAsync() {
      var connection = new Connection(uri, tokens, new Backoff(shortest, longest), patience);
      CompletableFuture<EarshotClient> client =
          connection.open().thenApply(_ -> new EarshotClient(connection)).toCompletableFuture();
      var _ =
          client.whenComplete(
              (_, failure) -> {
                if (failure != null) {
                  connection.close();
                }
              });
      return client;
    }
  }

  /**
   * The server's default room, which every client is a member of at first.
   *
   * @return the default room
   */
  public Room home() {
    return connection.rooms().home();
  }

  /**
   * Joins a room, in addition to the rooms that the client is in already.
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
    return connection.rooms().enter(room, true);
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
    return connection.rooms().enter(room, false);
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
