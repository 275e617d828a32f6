package io.earshot.engine;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.FeedEvent;
import io.earshot.access.AccessPolicy;
import io.earshot.access.RoomRules;
import io.earshot.access.Tokens;
import io.earshot.action.ActionRunner;
import io.earshot.action.ActionsView;
import io.earshot.action.Help;
import io.earshot.action.PrivateRoomAction;
import io.earshot.action.RandomNumber;
import io.earshot.action.TimedVirtualThreads;
import io.earshot.cluster.Cluster;
import io.earshot.config.ServerSecret;
import io.earshot.connection.Admission;
import io.earshot.connection.ConnectionActions;
import io.earshot.connection.Directory;
import io.earshot.connection.EngineContext;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Newcomers;
import io.earshot.connection.OnlineUsers;
import io.earshot.connection.SignalRates;
import io.earshot.disk.Disk;
import io.earshot.explain.Explainer;
import io.earshot.explain.Traces;
import io.earshot.feed.EventFeed;
import io.earshot.history.HistoryFolder;
import io.earshot.hook.HookRunner;
import io.earshot.login.DevelopmentLogin;
import io.earshot.login.Jwks;
import io.earshot.login.LoginHooks;
import io.earshot.login.Logins;
import io.earshot.moderation.Moderator;
import io.earshot.monitor.Monitor;
import io.earshot.room.Rooms;
import io.earshot.spi.Broker;
import io.earshot.spi.Clocks;
import io.earshot.spi.Loop;
import io.earshot.spi.PerAddress;
import io.earshot.spi.ProgramInfo;
import io.earshot.spi.Refusals;
import io.earshot.stats.ServerCounts;
import io.earshot.stats.ServerState;
import io.earshot.token.TokenKeys;
import io.earshot.web.ChatAction;
import io.earshot.web.RoomReaders;
import io.earshot.web.WebClients;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Makes the parts of a server, connects them with each other, and keeps them.
 *
 * <p>Thread-safe: final fields, and two volatile ones that are set before any client connects.
 */
final class Parts implements AutoCloseable {
  final Config config;
  final Refusals refusals;
  final ServerSecret secret;
  final SecureRandom random = new SecureRandom();
  final List<? extends Loop> loops;
  final Directory connections = new Directory();
  final HookRunner hooks;
  final ActionRunner actions;
  final EventFeed feed;
  final Rooms rooms;
  final Monitor monitor;
  final Moderator moderation;
  final EngineContext context;
  final List<LoopContext> loopContexts;
  final RoomReaders readers;
  final DevelopmentLogin developmentLogin;
  final Api api;
  final Explainer explainer;
  final Traces traces;
  final Extensions extensions;
  private final Clocks clocks;
  private final RoomRules rules;
  private final ConnectionActions connectionActions;
  private final Map<Loop, LoopContext> contextsByLoop = new HashMap<>();
  private final List<WebClients> webClients;
  private volatile @Nullable HistoryFolder historyFolder;
  private volatile @Nullable Cluster cluster;

  Parts(
      Config config,
      List<? extends Loop> loops,
      Clocks clocks,
      Refusals refusals,
      ProgramInfo program) {
    this.config = config;
    this.refusals = refusals;
    this.loops = loops;
    this.clocks = clocks;
    this.rules = new RoomRules(config.rooms());
    var threads = new TimedVirtualThreads();
    var counts = new ServerCounts(loops.stream().map(Loop::stats).toList());
    this.hooks =
        new HookRunner(config.hooks(), clocks::elapsed, threads, refusals.incidents(), counts);
    var loginHooks =
        new LoginHooks(config.hooks().timeout(), threads, clocks::elapsed, refusals.incidents());
    this.actions =
        new ActionRunner(
            this::api,
            config,
            clocks::elapsed,
            threads,
            refusals,
            counts,
            (action, who, error) -> actionFailed(action, who, error));
    String boot = newBootName();
    this.feed =
        new EventFeed(
            config.feed().bytes(),
            loops,
            clocks,
            refusals.incidents(),
            boot,
            Rooms.server(config, boot));
    this.rooms = new Rooms(config, rules::of, loops, clocks, boot, refusals, counts, feed);
    this.connectionActions = new ConnectionActions(connections, rooms.shards());
    this.explainer = new Explainer(rooms, connections, connectionActions);
    this.traces = new Traces(rooms, connections);
    this.moderation = new Moderator(config, clocks, this::randomName, connectionActions);
    this.secret = new ServerSecret(config.commonWeb().cookieSecret());
    var keys = new TokenKeys(config.tokens().keys(), secret);
    var tokens = Tokens.of(config, keys);
    var jwks = Jwks.at(config.users().jwks(), clocks::elapsed);
    this.developmentLogin = new DevelopmentLogin(config, keys, clocks.wall(), this::randomName);
    var policy = new AccessPolicy(tokens, moderation, refusals, clocks.wall());
    this.context =
        new EngineContext(
            config,
            secret,
            rooms,
            new Admission(policy, hooks, refusals),
            moderation,
            connections,
            connectionActions,
            actions,
            new Logins(config, keys, jwks, clocks.wall(), loginHooks),
            refusals,
            counts,
            random,
            ProgramTracer.find());
    long announceAfter = config.rooms().announceAfter().toMillis();
    this.loopContexts =
        rooms.shards().stream()
            .map(
                shard ->
                    new LoopContext(
                        shard,
                        context,
                        new Newcomers(shard, announceAfter),
                        new SignalRates(shard, config.limits().signalsPerSecond())))
            .toList();
    for (int i = 0; i < loops.size(); i++) {
      contextsByLoop.put(loops.get(i), loopContexts.get(i));
    }
    this.readers = new RoomReaders(context, loopContexts);
    this.webClients = newWebClients();
    this.monitor =
        new Monitor(
            config,
            rooms,
            connections,
            refusals,
            this::cluster,
            this::historyFolder,
            clocks,
            program,
            context.closings());
    var chatRoom =
        new RoomsApi(
            config.general(),
            rooms,
            monitor.rooms(),
            readers,
            tokens,
            clocks.wall(),
            this::randomName);
    this.api =
        new ServerApi(
            config,
            chatRoom,
            actions,
            hooks,
            context.logins().hooks(),
            moderation,
            connections,
            connectionActions,
            new OnlineUsers(connections, connectionActions, rooms.server()),
            feed);
    this.extensions =
        new Extensions(
            api,
            refusals.incidents(),
            clocks::elapsed,
            context.archive(),
            randomName(),
            this::identity);
    actions.add(
        new Status(
            config,
            rooms,
            connections,
            refusals,
            this::cluster,
            this::historyFolder,
            clocks::elapsed));
    actions.add(new ActionsView());
    actions.add(new Help());
    actions.add(new RandomNumber());
    actions.add(new ChatAction());
    actions.add(new PrivateRoomAction());
  }

  private void actionFailed(String action, Connection who, String error) {
    var more = Map.of("action", action, "error", error);
    feed.part(0).client(FeedEvent.Type.ACTION_FAILED, null, who, more);
  }

  /** The prefix of this run's epochs, which differs at each start. */
  private String newBootName() {
    return Long.toString(random.nextLong() & 0xFF_FFFF_FFFFL, 36);
  }

  private List<WebClients> newWebClients() {
    var count = new AtomicInteger();
    var perAddress =
        new PerAddress(config.limits().connectionsPerAddress(), PerAddress.exempt(config));
    return loopContexts.stream().map(each -> new WebClients(each, count, perAddress)).toList();
  }

  /** 128 random bits in hexadecimal. */
  private String randomName() {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private Api api() {
    return api;
  }

  /** The identity of the cluster; the given one without a cluster, or if it has none yet. */
  private CompletionStage<String> identity(String proposed) {
    Cluster joined = cluster;
    return joined == null ? CompletableFuture.completedStage(proposed) : joined.identity(proposed);
  }

  @Nullable HistoryFolder historyFolder() {
    return historyFolder;
  }

  @Nullable Cluster cluster() {
    return cluster;
  }

  /** The state of the server, asked of the owners of its parts. */
  ServerState state() {
    Cluster joined = cluster;
    HistoryFolder folder = historyFolder;
    return new ServerState(
        refusals.counts(),
        context.detached(),
        actions.running(),
        rooms.polls().get(),
        folder == null ? null : folder.isStoring(),
        joined == null ? null : joined.state(),
        feed.state());
  }

  /**
   * The context of a loop.
   *
   * @throws IllegalArgumentException if the loop belongs to another server
   */
  LoopContext contextOf(Loop loop) {
    LoopContext context = contextsByLoop.get(loop);
    if (context == null) {
      throw new IllegalArgumentException("not a loop of this server");
    }
    return context;
  }

  /** The HTTP clients of the loop that owns the clients with this id. */
  WebClients webClients(String id) {
    return webClients.get(Math.floorMod(id.hashCode(), webClients.size()));
  }

  List<WebClients> webClients() {
    return webClients;
  }

  /** Recovers the history of rooms from files, and writes it to files from now on. */
  void recover(Disk disk) throws IOException {
    HistoryFolder folder = HistoryFolder.open(config.rooms(), disk);
    historyFolder = folder;
    folder.recover(rooms.shards(), rooms::shard, rules::of, clocks::elapsed);
  }

  /** Makes this server one of the servers that a broker connects. */
  void join(Broker broker) {
    var joined =
        new Cluster(
            broker,
            config,
            secret,
            clocks.wall(),
            rules,
            rooms,
            connections,
            moderation,
            this::webClients,
            explainer);
    cluster = joined;
    rooms.joinCluster(joined);
    connectionActions.joinCluster(joined.requests());
    webClients.forEach(each -> each.joinCluster(joined.requests()));
    moderation.joinCluster(joined.measures());
    joined.start();
    feed.join(broker); // which has a feed once it is started
  }

  /** Leaves the cluster, and closes the files. No loop runs any more. */
  @Override
  public void close() {
    feed.close();
    Cluster left = cluster;
    if (left != null) {
      left.close();
    }
    HistoryFolder folder = historyFolder;
    if (folder != null) {
      folder.close();
    }
  }
}
