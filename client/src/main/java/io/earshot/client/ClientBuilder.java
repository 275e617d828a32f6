package io.earshot.client;

import io.earshot.protocol.Cursor;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Builds an {@link EarshotClient}. Begin with {@link EarshotClient#builder}.
 *
 * <p>Owned by the thread of the program.
 */
public final class ClientBuilder {
  private final URI uri;
  private final Map<String, String> headers = new LinkedHashMap<>();
  private @Nullable SSLContext tls;
  private @Nullable Callable<@Nullable String> login;
  private Function<String, @Nullable String> tokens = ignored -> null;
  private @Nullable Cursor inboxAfter;
  private @Nullable Consumer<Event> inboxHandler;
  private @Nullable Mapper mapper;
  private Duration shortest = Duration.ofMillis(250);
  private Duration longest = Duration.ofSeconds(15);
  private Duration patience = Duration.ofSeconds(30);
  private Duration heartbeat = Duration.ofSeconds(10);

  ClientBuilder(URI uri) {
    this.uri = uri;
  }

  /**
   * Sets the token by which the client logs in, for as long as it is valid.
   *
   * @param token the token
   * @return this
   */
  public ClientBuilder login(String token) {
    return login(() -> token);
  }

  /**
   * Sets the source of the tokens by which the client logs in. The client shows the token when it
   * connects, before it enters rooms.
   *
   * @param source returns a token, or null for no login. It is called on a virtual thread, and may
   *     block: at each connect, when the login ends soon, and once more if the server refuses the
   *     login. If it throws, or takes longer than the {@link #patience}, the first connect fails;
   *     later the client calls it again after a while, and its rooms stay
   * @return this
   */
  public ClientBuilder login(Callable<@Nullable String> source) {
    this.login = source;
    return this;
  }

  /**
   * Sets the handler of the user's inbox, so that it receives the messages from the login on.
   *
   * @param after the {@link Event.Message#place} of the last message of the inbox that the program
   *     has processed, perhaps with an earlier client: the messages after it come first, after an
   *     {@link Event.Resumed} that says whether there are all. Null to begin with the next message,
   *     whose position {@link EarshotClient#inboxStart} tells
   * @param handler called for every event of the inbox, as by {@link EarshotClient#onInbox}
   * @return this
   */
  public ClientBuilder inbox(@Nullable Cursor after, Consumer<Event> handler) {
    this.inboxAfter = after;
    this.inboxHandler = handler;
    return this;
  }

  /**
   * Sets what converts records and other objects of the program to JSON and back. By default there
   * is nothing: messages are values that JSON has.
   *
   * @param mapper the mapper
   * @return this
   */
  public ClientBuilder mapper(Mapper mapper) {
    this.mapper = mapper;
    return this;
  }

  /**
   * Sets how certificates are checked and shown, for {@code wss://} and {@code tcps://}. By default
   * the JDK decides. A client with this setting has a thread of its own for its WebSockets.
   *
   * @param tls the TLS context
   * @return this
   */
  public ClientBuilder tls(SSLContext tls) {
    this.tls = tls;
    return this;
  }

  /**
   * Adds a header to the handshake of each WebSocket, or replaces it. TCP has no headers: a client
   * of {@code tcp://} with some does not connect.
   *
   * @param name the name
   * @param value the value
   * @return this
   * @throws IllegalArgumentException if HTTP has no such header, or the handshake sets it itself;
   *     {@code Authorization} is what {@link #login(Callable)} sets
   */
  public ClientBuilder header(String name, String value) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.startsWith("sec-websocket-") || lower.equals("authorization")) {
      throw new IllegalArgumentException("a program cannot set the header " + name);
    }
    var unused = HttpRequest.newBuilder().header(name, value); // which checks them
    headers.put(name, value);
    return this;
  }

  /**
   * Sets the source of tokens for private rooms. By default there are none.
   *
   * @param source takes a room's name and returns its token, or null for a room that needs none. It
   *     is called on a virtual thread, and may block: at each join, at each reconnect, and when a
   *     token is about to expire. If it throws, a join fails with that exception; a room that the
   *     client was in before is tried again later
   * @return this
   */
  public ClientBuilder tokens(Function<String, @Nullable String> source) {
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
  public ClientBuilder backoff(Duration shortest, Duration longest) {
    this.shortest = shortest;
    this.longest = longest;
    return this;
  }

  /**
   * Sets how long the client waits for an answer, including the time without a connection, and how
   * long it tries to resume its session on a connection.
   *
   * @param time the time; 30 s by default
   * @return this
   */
  public ClientBuilder patience(Duration time) {
    this.patience = time;
    return this;
  }

  /**
   * Sets after how much silence the client asks the server for a sign of life. Without one in the
   * same time again, the connection is lost: by default at most 25 s after the network died, before
   * the server forgets messages ({@code rooms.historyAge}).
   *
   * @param silence the time; 10 s by default
   * @return this
   */
  public ClientBuilder heartbeat(Duration silence) {
    this.heartbeat = silence;
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
      var unused = connecting.thenAccept(EarshotClient::close);
      throw e;
    }
  }

  /**
   * Connects without blocking.
   *
   * @return the client, once it is in the default room; fails if the server cannot be reached now.
   *     To stop connecting, cancel the stage as a {@code CompletableFuture}
   */
  public CompletionStage<EarshotClient> connectAsync() {
    var connection =
        new Connection(
            new Settings(
                uri,
                Map.copyOf(headers),
                tls,
                login,
                tokens,
                inboxAfter,
                inboxHandler,
                mapper,
                new Backoff(shortest, longest),
                patience,
                heartbeat));
    CompletableFuture<EarshotClient> client =
        connection.open().thenApply(ignored -> new EarshotClient(connection)).toCompletableFuture();
    var unused =
        client.whenComplete(
            (ignored, failure) -> {
              if (failure != null) {
                connection.close();
              }
            });
    return client;
  }
}
