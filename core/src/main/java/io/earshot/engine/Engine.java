package io.earshot.engine;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.cluster.Cluster;
import io.earshot.config.ServerSecret;
import io.earshot.connection.Directory;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Participant;
import io.earshot.disk.Disk;
import io.earshot.explain.Question;
import io.earshot.explain.Traces;
import io.earshot.history.HistoryFolder;
import io.earshot.monitor.Monitor;
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
import io.earshot.spi.Wire;
import io.earshot.stats.Incidents.Incident;
import io.earshot.stats.ServerState;
import io.earshot.stats.ServerStats;
import io.earshot.web.WebClients;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
  private final ProgramInfo program;
  private final HttpRequests http;

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
    this.program = program;
    this.parts = new Parts(config, loops, clocks, refusals, program);
    this.http = new HttpRequests(parts);
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
   * The program that runs the server.
   *
   * @return what it tells its operator
   */
  public ProgramInfo program() {
    return program;
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
    String history = parts.config.rooms().historyFolder();
    if (!history.isEmpty()) {
      parts.recover(Disk.ofThisMachine());
    }
    if (parts.config.redis().url().isEmpty()) {
      parts.feed.open(parts.config.feed().folder(), history);
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
    parts.feed.stopping();
    parts.webClients().forEach(WebClients::stop);
    parts.traces.endAll();
    parts.rooms.shards().forEach(shard -> shard.tell(shard.polls()::stop));
    goodbyes().forEach(Runnable::run);
    for (Participant connection : parts.connections.all()) {
      if (!(connection instanceof ClientConnection)) {
        connection.close(Ending.SHUTDOWN.reason());
      }
    }
  }

  /**
   * For each client that is connected now, a task that ends its connection because the server
   * stops. Callable from any thread, and so are the tasks.
   *
   * @return the tasks, in no order; clients over HTTP without a connection are not among them
   */
  public List<Runnable> goodbyes() {
    return parts.connections.all().stream()
        .filter(ClientConnection.class::isInstance)
        .map(ClientConnection.class::cast)
        .<Runnable>map(client -> () -> client.tell(() -> client.dismiss(Ending.SHUTDOWN)))
        .toList();
  }

  /**
   * Why the server should get no new clients. Callable from any thread; asks nobody. A cluster that
   * is away for a moment is no reason: clients of this server keep what they have, and those who
   * come wait no longer than at any other server of the cluster.
   *
   * @return the reasons, as sentences; empty if it is ready
   */
  public List<String> whyNotReady() {
    var reasons = new ArrayList<String>();
    Cluster cluster = parts.cluster();
    if (cluster != null && !cluster.wasUp()) {
      reasons.add("Redis was not reached since the start");
    }
    HistoryFolder folder = parts.historyFolder();
    if (folder != null && !folder.isStoring()) {
      reasons.add("the history cannot be written to rooms.historyFolder");
    }
    return reasons;
  }

  /**
   * Waits for the hooks about clients that have left.
   *
   * @return completed on any thread, when hooks know of each departure that the loops know of now
   */
  public CompletableFuture<@Nullable Void> whenHooksIdle() {
    return parts.hooks.whenIdle(parts.loops);
  }

  /**
   * Ends the consumers of the feed. In a cluster, waits until the events of this server are in the
   * store that the servers share. Called while the loops still run, when no client is left.
   *
   * @param most how long to wait
   */
  public void flushFeed(Duration most) {
    parts.feed.flush(most);
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
    return connect(loop, outbound, wire, transport, room, Start.LIVE, null, ConnectRequest.NONE);
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
   * @param request the HTTP request of the client, with the token by which it logs in; {@link
   *     ConnectRequest#NONE} if there was none
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
    parts.context.counts().opened(transport);
    connection.open(start, token, request);
    return connection;
  }

  /**
   * The requests of HTTP clients, which need no connection.
   *
   * @return the same object at each call
   */
  public HttpRequests http() {
    return http;
  }

  // --- explanations ----------------------------------------------------------------------------

  /**
   * Explains whether a client received a message, or why not, by what all servers of the cluster
   * remember. Callable from any thread.
   *
   * @param question the message and the client
   * @return the answer as JSON, completed on any thread
   */
  public CompletionStage<Json.Obj> explain(Question question) {
    return parts.explainer.explain(question);
  }

  /**
   * The live traces of this server.
   *
   * @return the traces, callable from any thread
   */
  public Traces traces() {
    return parts.traces;
  }

  /**
   * The extensions of this server.
   *
   * @return the extensions, which are to be started before any client connects
   */
  public Extensions extensions() {
    return parts.extensions;
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
   * The state of the server besides its {@link #stats}. Callable from any thread, and waits for
   * nothing.
   *
   * @return the state at this moment
   */
  public ServerState state() {
    return parts.state();
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
}
