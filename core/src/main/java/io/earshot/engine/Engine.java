package io.earshot.engine;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Grant;
import io.earshot.Measure;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.cluster.Cluster;
import io.earshot.config.ServerSecret;
import io.earshot.connection.Directory;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Participant;
import io.earshot.history.HistoryFolder;
import io.earshot.login.Logins;
import io.earshot.monitor.Monitor;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.session.ClientConnection;
import io.earshot.spi.Broker;
import io.earshot.spi.Clocks;
import io.earshot.spi.ConnectRequest;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Loop;
import io.earshot.spi.Outbound;
import io.earshot.spi.ProgramInfo;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import io.earshot.spi.VerifiedLogin;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import io.earshot.spi.Wire;
import io.earshot.stats.Incident;
import io.earshot.stats.ServerStats;
import io.earshot.web.WebClients;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A server without its sockets. Transports give it connections and HTTP requests; programs use its
 * {@link #api}.
 *
 * <p>Thread-safe: event loops own what changes, apart from the {@link Directory} of connections,
 * which has a lock.
 */
public final class Engine implements AutoCloseable {
  final Parts parts;

  /**
   * A server without connections.
   *
   * @param config its settings
   * @param loops the event loops that share the work; each connection lives on one of them
   * @param clocks the clock for the times of messages, measures, and tokens, and the one for
   *     durations
   */
  public Engine(Config config, List<? extends Loop> loops, Clocks clocks) {
    this(config, loops, clocks, new Refusals(), ProgramInfo.NONE);
  }

  /**
   * A server without connections, which shares its counts of refusals.
   *
   * @param config its settings
   * @param loops the event loops that share the work; each connection lives on one of them
   * @param clocks the clock for the times of messages, measures, and tokens, and the one for
   *     durations
   * @param refusals the counts of refusals, to which transports add theirs
   * @param program what the program that runs the server tells its operator
   */
  public Engine(
      Config config,
      List<? extends Loop> loops,
      Clocks clocks,
      Refusals refusals,
      ProgramInfo program) {
    this.parts = new Parts(config, loops, clocks, refusals, program);
  }

  /**
   * The secret from which the keys of cookies are derived.
   *
   * @return the secret of this server, or of its cluster
   */
  public ServerSecret secret() {
    return parts.secret;
  }

  /**
   * The API for programs.
   *
   * @return the API of this server
   */
  public Api api() {
    return parts.api;
  }

  // --- start and stop --------------------------------------------------------------------------

  /**
   * Recovers the history of rooms from files, if the setting {@code rooms.historyFolder} names a
   * folder, and writes it there from now on. Called once, before any client connects; {@link
   * #close} must follow.
   *
   * @throws IOException if the folder cannot be used; the message names the setting
   */
  public void recover() throws IOException {
    if (!parts.config.rooms().historyFolder().isEmpty()) {
      parts.recover(HistoryFolder.Disk.ofThisMachine());
    }
  }

  /**
   * Shares the rooms with the other servers of a cluster. Called once, before any client connects;
   * {@link #close} must follow.
   *
   * @param broker the broker that connects the servers; it has been started
   */
  public void join(Broker broker) {
    parts.join(broker);
  }

  /**
   * Blocks until the other servers can be reached, for at most the setting {@code redis.timeout}.
   * After that, messages to rooms are refused until the other servers can be reached.
   */
  public void awaitConnected() {
    Cluster cluster = parts.cluster();
    if (cluster != null) {
      cluster.awaitConnected(parts.config.redis().timeout());
    }
  }

  /** Ends all connections with a close reason. Returns at once; each loop ends its own. */
  public void closeAll() {
    parts.webClients().forEach(WebClients::stop);
    parts.rooms.shards().forEach(shard -> shard.tell(shard.polls()::stop));
    for (Participant connection : parts.connections.all()) {
      if (connection instanceof ClientConnection client) {
        client.tell(() -> client.dismiss(Ending.SHUTDOWN));
      } else {
        connection.close(Ending.SHUTDOWN.reason());
      }
    }
  }

  /**
   * Waits for the hooks about clients that have left.
   *
   * @return completed on any thread, when hooks know of each departure that the loops know of now
   */
  public CompletableFuture<@Nullable Void> whenHooksIdle() {
    return parts.hooks.whenIdle(parts.loops);
  }

  /** Leaves the cluster, and closes the files. Called when no loop runs any more. */
  @Override
  public void close() {
    parts.close();
  }

  // --- connections -----------------------------------------------------------------------------

  /**
   * Adds a new connection. It joins the default room and receives the welcome message. Called on
   * the connection's loop.
   *
   * @param loop the connection's loop, one of those given to the constructor
   * @param outbound the destination of the connection's bytes
   * @param wire the framing of its messages
   * @param transport the client's transport
   * @return the receiver of the client's requests
   */
  public Intake connect(Loop loop, Outbound outbound, Wire wire, Transport transport) {
    String room = parts.config.general().defaultChatRoom();
    return connect(loop, outbound, wire, transport, room, Start.LIVE, null);
  }

  /**
   * Adds a new connection that joins a room of its choice. It receives the welcome message, then
   * the missed messages of the room, then new ones. A connection that joins no room at first
   * receives only the welcome message. Called on the connection's loop.
   *
   * @param loop the connection's loop, one of those given to the constructor
   * @param outbound the destination of the connection's bytes
   * @param wire the framing of its messages
   * @param transport the client's transport
   * @param room the room that it joins, a valid name; null for none
   * @param start where the messages of that room begin that the client receives
   * @param token the token that admits the client to the room, or null. A client that is not
   *     admitted receives the refusal and is disconnected
   * @return the receiver of the client's requests
   */
  public Intake connect(
      Loop loop,
      Outbound outbound,
      Wire wire,
      Transport transport,
      @Nullable String room,
      Start start,
      @Nullable String token) {
    return connect(loop, outbound, wire, transport, room, start, token, ConnectRequest.NONE);
  }

  /**
   * Adds a new connection whose client has sent an HTTP request; see {@link #connect(Loop,
   * Outbound, Wire, Transport, String, Start, String)}.
   *
   * @param loop the connection's loop, one of those given to the constructor
   * @param outbound the destination of the connection's bytes
   * @param wire the framing of its messages
   * @param transport the client's transport
   * @param room the room that it joins, a valid name; null for none
   * @param start where the messages of that room begin that the client receives
   * @param token the token that admits the client to the room, or null
   * @param request the request, with the token by which the client logs in
   * @return the receiver of the client's requests
   */
  public Intake connect(
      Loop loop,
      Outbound outbound,
      Wire wire,
      Transport transport,
      @Nullable String room,
      Start start,
      @Nullable String token,
      ConnectRequest request) {
    LoopContext context = parts.contextOf(loop);
    long idHigh = parts.random.nextLong();
    long idLow = parts.random.nextLong();
    String first = room == null ? ClientConnection.NO_ROOM : room;
    var connection = new ClientConnection(context, outbound, wire, idHigh, idLow, transport, first);
    parts.connections.add(connection);
    connection.open(start, token, request);
    return connection;
  }

  // --- HTTP requests ---------------------------------------------------------------------------

  /** Whether clients have to log in. */
  public boolean isLoginRequired() {
    return parts.context.logins().isRequired();
  }

  /**
   * Checks the token by which an HTTP client logs in. Callable from any thread.
   *
   * @param token the token
   * @return the login; failed with a {@link RefusedException} whose message says why. Completed at
   *     once, unless another issuer is asked for its keys
   */
  public CompletableFuture<VerifiedLogin> checkLogin(String token) {
    CompletableFuture<VerifiedLogin> checked = parts.context.logins().check(token);
    var _ =
        checked.whenComplete(
            (_, failure) -> {
              if (failure != null) {
                parts.context.loginRefused(Logins.refusal(failure));
              }
            });
    return checked;
  }

  /**
   * Why the chat page cannot log in its visitors.
   *
   * @return the reason, for the client; null if it can
   */
  public @Nullable String whyNoDevelopmentLogin() {
    return parts.developmentLogin.whyOff();
  }

  /**
   * Makes a token by which a visitor of the chat page logs in; see {@link #whyNoDevelopmentLogin}.
   *
   * @param name the name that others will see
   * @param previous the token that the visitor has, whose id stays; or null
   * @return the answer for the client
   * @throws RefusedException if the name cannot be one; the message says why
   */
  public Json.Obj developmentLogin(String name, @Nullable String previous) throws RefusedException {
    return parts.developmentLogin.answer(name, previous);
  }

  /**
   * Runs an action for an HTTP client. Callable from any thread.
   *
   * @param visitor the client
   * @param action the action's name
   * @param params the params of the request
   * @return the answer, completed on any thread; cancel it when the client has disconnected
   */
  public CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params) {
    return parts.webClients(visitor.id()).ask(visitor, action, params);
  }

  /**
   * Runs an action for a program that is not a client. The request joins no room and gets no
   * message queue.
   *
   * @param visitor the program
   * @param action the action's name
   * @return the answer, completed on any thread
   */
  public CompletableFuture<WebAnswer> askOnce(Visitor visitor, String action) {
    return parts.webClients(visitor.id()).askOnce(visitor, action, Map.of());
  }

  /**
   * Verifies a token. A request verifies each of its tokens once, and then asks {@link
   * #check(Visitor, String, Permission, Grant)} as often as it has to.
   *
   * @param token the token that a client shows
   * @return the grant of the token
   * @throws RefusedException if the token is not valid, not valid yet, or has expired
   */
  public Grant verify(String token) throws RefusedException {
    return parts.readers.verify(token);
  }

  /**
   * Checks that an HTTP client may do something in a room.
   *
   * @param visitor the client
   * @param room the room's name
   * @param what the permission that the client needs there
   * @param grant the grant of the token that the client shows, or null
   * @throws RefusedException if the client may not; the message says why
   */
  public void check(Visitor visitor, String room, Permission what, @Nullable Grant grant)
      throws RefusedException {
    parts.readers.check(visitor, room, what, grant);
  }

  /**
   * Checks that an HTTP client is not banned.
   *
   * @param visitor the client
   * @throws RefusedException if the client is banned; the message says why
   */
  public void check(Visitor visitor) throws RefusedException {
    Measure ban = parts.moderation.ban(visitor);
    if (ban != null) {
      throw new RefusedException(ban.words());
    }
  }

  /**
   * Reads messages of a room for a client that is not a member. Callable from any thread.
   *
   * @param asked the room, and the messages
   * @param wait how long to wait for a message if there is none, in milliseconds; at most 25 s
   * @return the messages, completed on any thread; cancel it when the client has disconnected.
   *     Failed with a {@link RejectedExecutionException} if too many requests wait already
   */
  public CompletableFuture<Excerpt> read(ExcerptRequest asked, int wait) {
    return parts.readers.read(asked, wait);
  }

  /**
   * Reads earlier messages of a room for a client that is not a member. Callable from any thread.
   *
   * @param room the room's name
   * @param before the place before which the messages are; null for the newest messages
   * @param limit the largest number of messages
   * @return the messages without an audience that somebody said, completed on any thread
   */
  public CompletableFuture<Excerpt> readBefore(String room, @Nullable Cursor before, int limit) {
    return parts.readers.readBefore(room, before, limit);
  }

  /**
   * Reads messages of several rooms for a client that is a member of none. Callable from any
   * thread.
   *
   * @param rooms the rooms
   * @param wait how long to wait for a message in any of the rooms if there is none, in
   *     milliseconds; at most 25 s
   * @return the messages of each room, in the order of the requests; see {@link
   *     #read(ExcerptRequest, int)}
   */
  public CompletableFuture<List<Excerpt>> read(List<ExcerptRequest> rooms, int wait) {
    return parts.readers.read(rooms, wait);
  }

  /**
   * Sends a message to a room for a client that need not be a member. Callable from any thread.
   *
   * @param visitor the client
   * @param room the room's name
   * @param token the token that the client shows, or null
   * @param message the message
   * @param audience the recipients, or null for all
   * @param namer the namespace of {@code messageId}; not used for an id as long as a UUID
   * @param messageId the client's own id of the message, so that a repeated say is delivered once;
   *     or null
   * @return the place of the message in the room's order, completed on any thread. Failed with a
   *     {@link RefusedException} if the client may not say it
   */
  public CompletableFuture<Cursor> say(
      Visitor visitor,
      String room,
      @Nullable String token,
      Json message,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId) {
    return parts.readers.say(visitor, room, token, message, audience, namer, messageId);
  }

  /**
   * Sends a signal to a room for a client that need not be a member. Callable from any thread.
   *
   * @param visitor the client
   * @param room the room's name
   * @param grant the grant of the token that the client shows, or null
   * @param content the content of the signal
   * @param kind the kind of the signal, or null
   * @throws RefusedException if the client may not; the message says why
   */
  public void signal(
      Visitor visitor, String room, @Nullable Grant grant, Json content, @Nullable String kind)
      throws RefusedException {
    parts.readers.signal(visitor, room, grant, content, kind);
  }

  /**
   * Whether any action names a param. HTTP transports drop the other params.
   *
   * @param param the param's name
   * @return true if an action names it
   */
  public boolean understands(String param) {
    return parts.actions.understands(param);
  }

  /**
   * Whether an action is about the client that asks, so that the client needs an identity.
   *
   * @param action the action's name
   * @return false for an action that only looks at the server; true if there is none of that name
   */
  public boolean needsClient(String action) {
    return parts.actions.needsClient(action);
  }

  // --- counts ----------------------------------------------------------------------------------

  /**
   * What the server counts and measures. Callable from any thread.
   *
   * @return the stats, which are read without waiting for any loop
   */
  public ServerStats stats() {
    return parts.rooms.stats();
  }

  /**
   * What an operator sees of the server.
   *
   * @return the monitor, whose {@link Monitor#sample} is to be called once a second
   */
  public Monitor monitor() {
    return parts.monitor;
  }

  /**
   * Counts a refusal, for the action {@code status}. Callable from any thread.
   *
   * @param kind the kind of refusal
   */
  public void count(Refusal kind) {
    parts.refusals.count(kind);
  }

  /**
   * Takes note of an incident, for the operator. Callable from any thread.
   *
   * @param kind the kind
   * @param name the name of what it is about
   */
  public void note(Incident kind, String name) {
    parts.refusals.incidents().note(kind, name, "");
  }

  /**
   * The number of HTTP requests that wait for the next message of a room.
   *
   * @return the number on all loops together
   */
  public int waitingPolls() {
    return parts.rooms.polls().get();
  }
}
