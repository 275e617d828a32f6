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
 * A client of a server: in its default room from the start, in others as it likes, and back by
 * itself when the connection is lost.
 *
 * <pre>{@code
 * try (var client = EarshotClient.connect(URI.create("ws://localhost:8080"))) {
 *   Room attic = client.join("attic");
 *   attic.onMessage(message -> System.out.println(message.from() + ": " + message.text()));
 *   attic.say("hello");
 * }
 * }</pre>
 *
 * <p>Thread-safe. Methods that do not end in {@code Async} wait, which virtual threads do well;
 * they fail with an {@link EarshotException} if the server refuses, or does not answer in time. A
 * client has no thread of its own over WebSocket, and two virtual ones over TCP.
 */
public final class EarshotClient implements AutoCloseable {
  private final Conversation conversation;

  private EarshotClient(Conversation conversation) {
    this.conversation = conversation;
  }

  /**
   * Connects, and waits until it is there.
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
   * Prepares a client.
   *
   * @param uri where the server is, as for {@link #connect}
   * @return what builds it
   */
  public static Builder builder(URI uri) {
    return new Builder(uri);
  }

  /** Builds a client. Not thread-safe. */
  public static final class Builder {
    private final URI uri;
    private Function<String, @Nullable String> tokens = _ -> null;
    private Duration soonest = Duration.ofMillis(250);
    private Duration latest = Duration.ofSeconds(15);
    private Duration patience = Duration.ofSeconds(30);

    private Builder(URI uri) {
      this.uri = uri;
    }

    /**
     * Says where tokens for private rooms are from.
     *
     * @param source given a room's name, its token, or null for rooms that need none; called on a
     *     virtual thread at each join, when the client comes back, and when a token is about to
     *     end. If it throws, a join fails with that; a room that one comes back to is tried again
     *     later
     * @return this
     */
    public Builder tokens(Function<String, @Nullable String> source) {
      this.tokens = source;
      return this;
    }

    /**
     * Says how long to wait before coming back: longer each time, and each time something else.
     *
     * @param shortest the first time, at most
     * @param longest every time, at most
     * @return this
     */
    public Builder backoff(Duration shortest, Duration longest) {
      this.soonest = shortest;
      this.latest = longest;
      return this;
    }

    /**
     * Says how long an answer may take, time without a connection included.
     *
     * @param time the time; 30 s if not said
     * @return this
     */
    public Builder patience(Duration time) {
      this.patience = time;
      return this;
    }

    /**
     * Connects, and waits until it is there.
     *
     * @return the client
     * @throws EarshotException if the server cannot be reached now
     */
    public EarshotClient connect() {
      var connecting = connectAsync().toCompletableFuture();
      try {
        return Conversation.await(connecting);
      } catch (EarshotException e) {
        connecting.cancel(false); // if somebody has interrupted this
        var _ = connecting.thenAccept(EarshotClient::close);
        throw e;
      }
    }

    /**
     * Connects without waiting.
     *
     * @return the client, once it is there; failed if the server cannot be reached now. Who cancels
     *     it, as a {@code CompletableFuture}, does not connect
     */
    public CompletionStage<EarshotClient> connectAsync() {
      var conversation = new Conversation(uri, tokens, new Backoff(soonest, latest), patience);
      CompletableFuture<EarshotClient> client =
          conversation.open().thenApply(_ -> new EarshotClient(conversation)).toCompletableFuture();
      var _ =
          client.whenComplete(
              (_, failure) -> {
                if (failure != null) {
                  conversation.close();
                }
              });
      return client;
    }
  }

  /**
   * The room that every client of the server is in at first.
   *
   * @return the default room
   */
  public Room home() {
    return conversation.home();
  }

  /**
   * Joins a room, besides those that it is in.
   *
   * @param room the room's name
   * @return the room
   */
  public Room join(String room) {
    return Conversation.await(joinAsync(room));
  }

  /**
   * The same without waiting.
   *
   * @param room the room's name
   * @return the room, once it is heard
   */
  public CompletionStage<Room> joinAsync(String room) {
    return conversation.enter(room, true);
  }

  /**
   * Listens to a room without being in it.
   *
   * @param room the room's name
   * @return the room
   */
  public Room listen(String room) {
    return Conversation.await(listenAsync(room));
  }

  /**
   * The same without waiting.
   *
   * @param room the room's name
   * @return the room, once it is heard
   */
  public CompletionStage<Room> listenAsync(String room) {
    return conversation.enter(room, false);
  }

  /**
   * Runs an action.
   *
   * @param name the action's name
   * @param params what it is given
   * @return the fields of its answer
   */
  public Map<String, Json> action(String name, Map<String, ?> params) {
    return Conversation.await(actionAsync(name, params));
  }

  /**
   * The same without waiting. An action is not asked for again when the connection is lost: it may
   * have run.
   *
   * @param name the action's name
   * @param params what it is given
   * @return the fields of its answer
   */
  public CompletionStage<Map<String, Json>> actionAsync(String name, Map<String, ?> params) {
    return conversation.act(name, params);
  }

  /**
   * The name that others see in {@code from}.
   *
   * @return its id; another one after a connection was lost whose session was not kept
   */
  public String id() {
    return conversation.id();
  }

  /**
   * How it stands with the server.
   *
   * @return the state
   */
  public State state() {
    return conversation.state();
  }

  /**
   * How it stands with the server, whenever that changes.
   *
   * @return the states from now on
   */
  public Flow.Publisher<State> states() {
    return conversation.states();
  }

  /** Says goodbye. Returns at once; what was said and not answered fails. */
  @Override
  public void close() {
    conversation.close();
  }
}
