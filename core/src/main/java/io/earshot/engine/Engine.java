package io.earshot.engine;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Measure;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.access.AccessPolicy;
import io.earshot.access.RoomRules;
import io.earshot.access.Tokens;
import io.earshot.action.ActionRunner;
import io.earshot.action.ActionsView;
import io.earshot.action.PrivateRoomAction;
import io.earshot.action.RandomNumber;
import io.earshot.action.TimedVirtualThreads;
import io.earshot.cluster.Cluster;
import io.earshot.connection.Admission;
import io.earshot.connection.ConnectionActions;
import io.earshot.connection.Directory;
import io.earshot.connection.EngineContext;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Participant;
import io.earshot.history.HistoryFolder;
import io.earshot.hook.HookRunner;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.room.Rooms;
import io.earshot.session.ClientConnection;
import io.earshot.spi.Broker;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Loop;
import io.earshot.spi.Outbound;
import io.earshot.spi.PerAddress;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import io.earshot.spi.Wire;
import io.earshot.web.ChatAction;
import io.earshot.web.RoomReaders;
import io.earshot.web.WebClients;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The rooms of one server, without its sockets. Transports bring connections here; programs use
 * what {@link #api} gives.
 *
 * <p>Thread-safe: the loops own what changes, but for the {@link Directory} of connections, which
 * has a lock.
 */
public final class Engine implements AutoCloseable {
  private final Config config;
  private final InstantSource clock;
  private final Refusals refusals;
  private final RoomRules rules;
  private final Directory connections = new Directory();
  private final HookRunner hooks;
  private final ActionRunner actions;
  private final Rooms rooms;
  private final ConnectionActions connectionActions;
  private final Moderator moderation;
  private final EngineContext engine;
  private final List<? extends Loop> loops;
  private final List<LoopContext> contexts;
  private final Map<Loop, LoopContext> desksByLoop = new HashMap<>();
  private final List<WebClients> webClients;
  private final RoomReaders readers;
  private final Api api;
  private final SecureRandom random = new SecureRandom();
  private volatile @Nullable HistoryFolder historyFolder;
  private volatile @Nullable Cluster cluster;

  /**
   * A server without connections.
   *
   * @param config its settings
   * @param loops the event loops that share the work; each connection lives on one of them
   * @param clock what tells when a message was sent
   */
  public Engine(Config config, List<? extends Loop> loops, InstantSource clock) {
    this(config, loops, clock, new Refusals());
  }

  /**
   * A server without connections, whose refusals others count, too.
   *
   * @param config its settings
   * @param loops the event loops that share the work; each connection lives on one of them
   * @param clock what tells when a message was sent
   * @param refusals where to count what is refused
   */
  public Engine(Config config, List<? extends Loop> loops, InstantSource clock, Refusals refusals) {
    this.config = config;
    this.clock = clock;
    this.refusals = refusals;
    this.loops = loops;
    this.rules = new RoomRules(config.rooms());
    var threads = new TimedVirtualThreads();
    this.hooks = new HookRunner(config.hooks(), clock, threads);
    this.actions = new ActionRunner(this::api, config, threads, refusals);
    // Different at each start; what epochs begin with.
    String boot = Long.toString(random.nextLong() & 0xFF_FFFF_FFFFL, 36);
    this.rooms = new Rooms(config, rules::of, loops, clock, boot, refusals);
    this.connectionActions = new ConnectionActions(connections, rooms.shards());
    this.moderation = new Moderator(config, clock, this::randomName, connectionActions);
    var tokens = Tokens.of(config);
    var admission =
        new Admission(new AccessPolicy(tokens, moderation, refusals, clock), hooks, refusals);
    this.engine =
        new EngineContext(
            config,
            rooms,
            admission,
            moderation,
            connections,
            connectionActions,
            actions,
            refusals,
            random);
    this.contexts = rooms.shards().stream().map(shard -> new LoopContext(shard, engine)).toList();
    for (int i = 0; i < loops.size(); i++) {
      desksByLoop.put(loops.get(i), contexts.get(i));
    }
    this.readers = new RoomReaders(engine, contexts);
    var webClientCount = new AtomicInteger();
    var perAddress =
        new PerAddress(config.limits().connectionsPerAddress(), PerAddress.exempt(config));
    this.webClients =
        contexts.stream()
            .map(context -> new WebClients(context, webClientCount, perAddress))
            .toList();
    var chatRoom = new RoomsApi(config.general(), rooms, tokens, clock, this::randomName);
    this.api =
        new ServerApi(config, chatRoom, actions, hooks, moderation, connections, connectionActions);
    actions.add(new Status(config, rooms, connections, refusals, () -> cluster, clock));
    actions.add(new ActionsView());
    actions.add(new RandomNumber());
    actions.add(new ChatAction());
    actions.add(new PrivateRoomAction());
  }

  /**
   * What programs call.
   *
   * @return the API of this server
   */
  public Api api() {
    return api;
  }

  /**
   * Counts something that was refused, for the action {@code status}. Callable from any thread.
   *
   * @param kind what it was
   */
  public void count(Refusal kind) {
    refusals.count(kind);
  }

  Config config() {
    return config;
  }

  Rooms rooms() {
    return rooms;
  }

  Directory connections() {
    return connections;
  }

  HookRunner hooks() {
    return hooks;
  }

  EngineContext engine() {
    return engine;
  }

  Map<String, Long> refused() {
    return refusals.counts();
  }

  List<LoopContext> contexts() {
    return contexts;
  }

  @Nullable Cluster cluster() {
    return cluster;
  }

  /** 128 random bits. */
  private String randomName() {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /**
   * How many wait for what a room tells next, without being in it.
   *
   * @return the number of them
   */
  public int waitingPolls() {
    return rooms.polls().get();
  }

  /**
   * Brings in a new connection. It joins the default room and is told welcome. Called on the
   * connection's loop.
   *
   * @param loop the connection's loop, one of those that this server was made with
   * @param outbound where its bytes go
   * @param wire how they are framed
   * @param transport how it came
   * @return whom to tell what comes in
   */
  public Intake connect(Loop loop, Outbound outbound, Wire wire, Transport transport) {
    return connect(loop, outbound, wire, transport, config.general().defaultChatRoom(), null, null);
  }

  /**
   * Brings in a new connection, into a room of its choice. It is told welcome, then what it missed
   * in that room, then what is new. Called on the connection's loop.
   *
   * @param loop the connection's loop, one of those that this server was made with
   * @param outbound where its bytes go
   * @param wire how they are framed
   * @param transport how it came
   * @param room the room that it joins; a valid name
   * @param after what it knows of that room already, or null
   * @param token what lets it in there, or null; who may not come in is told why, and is sent away
   * @return whom to tell what comes in
   */
  public Intake connect(
      Loop loop,
      Outbound outbound,
      Wire wire,
      Transport transport,
      String room,
      @Nullable Cursor after,
      @Nullable String token) {
    LoopContext context = desksByLoop.get(loop);
    if (context == null) {
      throw new IllegalArgumentException("not a loop of this server");
    }
    var connection =
        new ClientConnection(
            context, outbound, wire, random.nextLong(), random.nextLong(), transport, room);
    connections.add(connection);
    connection.open(after, token);
    return connection;
  }

  /**
   * Takes over what rooms remember in files, if the setting {@code rooms.historyFolder} names a
   * folder, and writes there from now on. Called once, before anybody connects; {@link #close} has
   * to follow.
   *
   * @throws IOException if the folder cannot be used; the message names the setting
   */
  public void recover() throws IOException {
    if (!config.rooms().historyFolder().isEmpty()) {
      recover(HistoryFolder.Disk.ofThisMachine());
    }
  }

  void recover(HistoryFolder.Disk disk) throws IOException {
    HistoryFolder folder = HistoryFolder.open(config.rooms(), disk);
    historyFolder = folder;
    folder.recover(rooms.shards(), rooms::shard, rules::of, clock);
  }

  /** Takes leave of the cluster, and finishes the files, once no loop runs any more. */
  @Override
  public void close() {
    Cluster several = cluster;
    if (several != null) {
      several.close();
    }
    HistoryFolder folder = historyFolder;
    if (folder != null) {
      folder.close();
    }
  }

  /**
   * Shares the rooms with the other servers that a broker reaches. Called once, before anybody
   * connects; {@link #close} has to follow.
   *
   * @param broker the broker, which is started
   */
  public void join(Broker broker) {
    var joined =
        new Cluster(broker, config, clock, rules, rooms, connections, moderation, this::webClients);
    cluster = joined;
    rooms.shareBy(joined);
    connectionActions.shareBy(joined.requests());
    webClients.forEach(each -> each.shareBy(joined.requests()));
    moderation.shareBy(joined.measures());
    joined.start();
  }

  /**
   * Waits until the other servers can be reached, for at most the setting {@code redis.timeout}. If
   * it takes longer, nothing is said in rooms until they are.
   */
  public void awaitOthers() {
    Cluster others = cluster;
    if (others != null) {
      others.awaitOthers(config.redis().timeout());
    }
  }

  /**
   * Runs an action for a client that comes by HTTP. Callable from any thread.
   *
   * @param visitor who asks
   * @param action the action's name
   * @param params what it is asked with
   * @return what to answer; completed on any thread. Whoever wants it no longer cancels it
   */
  public CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params) {
    return webClients(visitor.id()).ask(visitor, action, params);
  }

  /** The HTTP clients that one of this id is among. */
  private WebClients webClients(String id) {
    return webClients.get(Math.floorMod(id.hashCode(), webClients.size()));
  }

  /**
   * Whether somebody who comes by HTTP may do something in a room.
   *
   * @param visitor who asks
   * @param room the room's name
   * @param what what they want to do there
   * @param token what they show, or null
   * @throws RefusedException if they may not; the message says why
   */
  public void check(Visitor visitor, String room, Permission what, @Nullable String token)
      throws RefusedException {
    readers.check(visitor, room, what, token);
  }

  /**
   * Whether somebody who comes by HTTP may ask anything at all.
   *
   * @param visitor who asks
   * @throws RefusedException if they are banned; the message says why
   */
  public void check(Visitor visitor) throws RefusedException {
    Measure ban = moderation.ban(visitor);
    if (ban != null) {
      throw new RefusedException(ban.words());
    }
  }

  /**
   * Runs an action for a program that is no client, and leaves nothing of it.
   *
   * @param visitor who asks
   * @param action the action's name
   * @return what to answer; completed on any thread
   */
  public CompletableFuture<WebAnswer> askApart(Visitor visitor, String action) {
    return webClients(visitor.id()).askApart(visitor, action, Map.of());
  }

  /**
   * Reads what a room told, for somebody who is not in it. Callable from any thread.
   *
   * @param room the room's name
   * @param after where to begin; null for the last messages that are remembered
   * @param limit at most so many messages
   * @param wait how long to wait for one if there is none, in milliseconds; at most 25 s
   * @return what there is; completed on any thread. Failed with a {@link
   *     RejectedExecutionException} if too many wait already. Whoever wants it no longer cancels it
   */
  public CompletableFuture<Excerpt> read(String room, @Nullable Cursor after, int limit, int wait) {
    return readers.read(room, after, limit, wait);
  }

  /**
   * Says something in a room for somebody who need not be in it. Callable from any thread.
   *
   * @param visitor who says it
   * @param room the room's name
   * @param token what lets them speak there, or null
   * @param message what
   * @param audience whom to tell, or null for all
   * @param namer among whose message ids {@code messageId} is, unless that is as long as a UUID
   * @param messageId what the client calls it, so that it is told once however often it is said; or
   *     null
   * @return its place in the room's order; completed on any thread. Failed with a {@link
   *     RefusedException} if they may not
   */
  public CompletableFuture<Cursor> say(
      Visitor visitor,
      String room,
      @Nullable String token,
      Json message,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId) {
    return readers.say(visitor, room, token, message, audience, namer, messageId);
  }

  /**
   * Whether some action understands a param; over HTTP the others are dropped.
   *
   * @param param the param's name
   * @return true if one does
   */
  public boolean understands(String param) {
    return actions.understands(param);
  }

  /**
   * Waits for hooks that are told who has gone.
   *
   * @return completed on any thread, when they have been told of all whom the loops know to be gone
   */
  public CompletableFuture<@Nullable Void> hooksTold() {
    return hooks.whenIdle(loops);
  }

  /** Says goodbye to everybody. Returns at once; each loop does its part. */
  public void dismissAll() {
    webClients.forEach(WebClients::stop);
    rooms.shards().forEach(shard -> shard.tell(shard.polls()::stop));
    for (Participant connection : connections.all()) {
      if (connection instanceof ClientConnection client) {
        client.tell(() -> client.dismiss(Ending.SHUTDOWN));
      } else {
        connection.close(Ending.SHUTDOWN.reason());
      }
    }
  }
}
