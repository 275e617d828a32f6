package io.earshot.cluster;

import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.access.RoomRules;
import io.earshot.config.RoomRule;
import io.earshot.config.ServerSecret;
import io.earshot.connection.Directory;
import io.earshot.explain.Explainer;
import io.earshot.moderation.Measures;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.Announcement;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.PresentUser;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.Signal;
import io.earshot.protocol.User;
import io.earshot.room.Room;
import io.earshot.room.RoomOrder;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import io.earshot.spi.Broker;
import io.earshot.spi.Bus;
import io.earshot.spi.Loop;
import io.earshot.stats.ServerState.ClusterState;
import io.earshot.web.WebClients;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * This server as one of several that share their rooms. It hands the broker's messages to the event
 * loops of the rooms, and makes the posts that this server publishes.
 *
 * <p>Thread-safe: its counters are atomic, and all other state is owned by event loops.
 */
public final class Cluster implements Bus, Rooms.Orders, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Cluster.class.getName());

  /**
   * How many messages of a room the broker keeps at least, so that a server can read missing ones.
   */
  private static final int MIN_MESSAGES = 1_000;

  /** How long the broker keeps an empty room at least, in milliseconds. */
  private static final long MIN_KEEP = 30_000;

  /** How long to wait before a failed request to the broker is made again, in milliseconds. */
  static final long RETRY_PAUSE = 1_000;

  private final Broker broker;
  private final ServerSecret secret;
  private final String peer;
  private final String boot;
  private final InstantSource clock;
  private final RoomRules rules;
  private final Rooms rooms;
  private final Directory connections;
  private final PeerRequests requests;
  private final MeasureLog measures;
  private final List<CatchUp.Turns> catchUpQueues;
  private final List<ListChecks> listChecks;
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong epochs = new AtomicLong();
  private final AtomicLong silences = new AtomicLong();
  private final CountDownLatch wasUp = new CountDownLatch(1);
  private volatile boolean up;

  /** The broker's owner at the last call of {@link #connected}. */
  private volatile String owner = "";

  /**
   * A cluster that has not started.
   *
   * @param webClients the HTTP clients of the event loop to which a client's id belongs
   */
  public Cluster(
      Broker broker,
      Config config,
      ServerSecret secret,
      InstantSource clock,
      RoomRules rules,
      Rooms rooms,
      Directory connections,
      Moderator moderation,
      Function<String, WebClients> webClients,
      Explainer explainer) {
    this.broker = broker;
    this.secret = secret;
    this.clock = clock;
    this.rules = rules;
    this.rooms = rooms;
    this.boot = rooms.boot();
    this.connections = connections;
    this.peer = rooms.server();
    this.catchUpQueues = rooms.shards().stream().map(CatchUp.Turns::new).toList();
    this.listChecks = rooms.shards().stream().map(ListChecks::new).toList();
    this.requests = new PeerRequests(this, rooms, connections, config, webClients, explainer);
    this.measures =
        new MeasureLog(
            this,
            moderation,
            rooms.shard(MeasureLog.ROOM),
            Measures.remembered(config.admin().measures()),
            wasUp::countDown);
  }

  /** Starts to connect to the other servers, and does not wait. */
  public void start() {
    broker.start(peer, this);
  }

  /**
   * Waits until the broker is connected and the log of measures is read, but no longer than {@code
   * most}: so the first clients find the shared rooms, and bans apply to them.
   */
  public void awaitConnected(Duration most) {
    try {
      var unused = wasUp.await(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  Broker broker() {
    return broker;
  }

  /** The name of this run of this server, unique in the cluster. */
  String peer() {
    return peer;
  }

  /** The owner of this server's entries in lists, of which all rooms have been told. */
  String owner() {
    return owner;
  }

  /** Whether a connection with this id is on this server. */
  boolean isHere(String id) {
    return connections.find(id) != null;
  }

  /** The requests to, and of, the other servers. */
  public PeerRequests requests() {
    return requests;
  }

  /** The bans, mutes and closed rooms that the servers share. */
  public MeasureLog measures() {
    return measures;
  }

  /** The queue of the rooms of a loop that miss messages. */
  CatchUp.Turns catchUpQueue(Shard shard) {
    return catchUpQueues.get(shard.index());
  }

  @Override
  public boolean areShared() {
    return true;
  }

  @Override
  public RoomOrder of(Room room) {
    return new ClusterOrder(room, this);
  }

  @Override
  public void close() {
    broker.close();
  }

  /** Whether the broker can be reached, for all rooms. */
  public boolean isUp() {
    return up && broker.reachesAll();
  }

  /** Whether the broker was reached since the start. */
  public boolean wasUp() {
    return wasUp.getCount() == 0;
  }

  /** Whether the broker can be reached for a room. */
  boolean reaches(String room) {
    return up && broker.reaches(room);
  }

  /** The names of the running servers, this one included. */
  public List<String> peers() {
    return broker.peers();
  }

  /** The identity of the cluster; {@code proposed} if it has none yet. */
  public CompletionStage<String> identity(String proposed) {
    return broker.identity(proposed);
  }

  /** How far this server's wall clock is ahead of the broker's, in milliseconds. */
  public long clockSkew() {
    return broker.clockSkew();
  }

  /** The state of the cluster, as this server sees it. */
  public ClusterState state() {
    return new ClusterState(isUp(), peers().size(), clockSkew(), broker.leaseLeft());
  }

  /** How long a request to the broker takes, as {@link Broker#roundTrip} says. */
  public long roundTrip() {
    return broker.roundTrip();
  }

  // --- what this server publishes --------------------------------------------------------------

  /** A post with the next number of this server. */
  Post post(
      Json message,
      Json from,
      @Nullable User user,
      @Nullable String except,
      boolean mayBeElsewhere,
      @Nullable Audience audience) {
    return new Post(
        message, from, user, clock.millis(), except, mayBeElsewhere, audience, null, nextOrigin());
  }

  /** The announcement that a member has joined or left. */
  Post announcement(Announcement what, String id, @Nullable User user) {
    return Post.announcing(what, id, user, clock.millis(), nextOrigin());
  }

  private Post.Origin nextOrigin() {
    return new Post.Origin(peer, numbers.incrementAndGet());
  }

  @Override
  public Post leaveAnnouncement(String id, @Nullable User user) {
    return Post.announcing(Announcement.LEAVE, id, user, clock.millis(), nextOrigin().apart());
  }

  @Override
  public int announcesUpTo(String room) {
    return rules.of(room).announcementsUpTo();
  }

  @Override
  public Broker.Terms terms(String room) {
    return terms(rules.of(room), null);
  }

  Broker.Terms terms(RoomRule rule, @Nullable Cursor known) {
    return new Broker.Terms(
        Math.max(MIN_MESSAGES, rule.historyMessages()),
        Math.max(MIN_KEEP, rule.historyAge()),
        known,
        freshEpoch());
  }

  /** A new epoch, for an order that has lost messages or has none yet. */
  String freshEpoch() {
    return boot + Long.toString(epochs.incrementAndGet(), 36);
  }

  // --- what the broker sends -------------------------------------------------------------------

  @Override
  public Loop loop(String room) {
    return rooms.shard(room).loop();
  }

  @Override
  public void told(String room, Cursor place, Post post) {
    if (room.equals(MeasureLog.ROOM)) {
      measures.told(place, post);
      return;
    }
    catchUp(room, catchUp -> catchUp.received(new Broker.Placed(place, post)));
  }

  @Override
  public void signalled(String name, Signal signal) {
    Shard shard = rooms.shard(name);
    shard.tellIfRunning(
        () -> {
          Room room = shard.roomIfAny(name);
          if (room != null) {
            room.signals().pass(signal);
          }
        });
  }

  /**
   * Runs a task on the loop of a room. If the room does not exist there, its subscription ends: a
   * request to subscribe may have been repeated after the room was dropped.
   */
  private void catchUp(String name, Consumer<CatchUp> task) {
    Shard shard = rooms.shard(name);
    shard.tellIfRunning(
        () -> {
          Room room = shard.roomIfAny(name);
          if (room == null) {
            broker.close(name);
          } else {
            task.accept(order(room).catchUp());
          }
        });
  }

  @Override
  public void connected(Predicate<String> reached) {
    up = true;
    owner = broker.owner();
    if (reached.test(MeasureLog.ROOM)) {
      measures.connected();
    }
    forEachRoom(reached, CatchUp::reconnected);
  }

  @Override
  public @Nullable String secretToShare() {
    return secret.toShare();
  }

  @Override
  public void shareSecret(String shared) {
    secret.share(shared);
  }

  @Override
  public void answered(long nanos) {
    rooms.counts().brokerAnswered(nanos);
  }

  @Override
  public void leaseRenewed(int timesPerLease) {
    for (Shard shard : rooms.shards()) {
      shard.tellIfRunning(() -> listChecks.get(shard.index()).renewed(timesPerLease));
    }
  }

  @Override
  public void listedIn(String name) {
    if (!name.equals(MeasureLog.ROOM)) {
      Shard shard = rooms.shard(name);
      shard.tellIfRunning(
          () -> {
            Room room = shard.room(name);
            order(room).members().checkListed();
            room.closeIfEmpty();
          });
    }
  }

  @Override
  public void disconnected(Predicate<String> lost) {
    forEachRoom(lost, CatchUp::disconnected);
  }

  @Override
  public void endIs(String room, @Nullable Cursor end) {
    if (room.equals(MeasureLog.ROOM)) {
      measures.endIs(end);
      return;
    }
    catchUp(room, catchUp -> catchUp.endIs(end));
  }

  /** A room did not receive what the broker has sent. Logged ever more rarely. */
  void heardNothing(String room) {
    long times = silences.incrementAndGet();
    if (Long.bitCount(times) == 1) {
      LOG.log(
          Level.INFO,
          "the messages of the room {0} do not arrive; reading them, and subscribing again"
              + " (happened {1} times)",
          room,
          times);
    }
  }

  private void forEachRoom(Predicate<String> names, Consumer<CatchUp> task) {
    for (Shard shard : rooms.shards()) {
      shard.tellIfRunning(
          () ->
              shard.rooms().stream()
                  .filter(room -> names.test(room.name()))
                  .forEach(room -> task.accept(order(room).catchUp())));
    }
  }

  /**
   * The order of a room. Its type is certain, since the cluster is joined before any room exists.
   */
  static ClusterOrder order(Room room) {
    return (ClusterOrder) room.order();
  }

  @Override
  public CompletionStage<@Nullable Json> asked(Json question) {
    return requests.asked(question);
  }

  // --- what this server asks -------------------------------------------------------------------

  @Override
  public CompletionStage<RoomStatus> status(String room, RoomStatus.@Nullable Page page) {
    var expected = new CompletableFuture<List<Connection>>();
    rooms.in(
        room,
        known -> expected.complete(known.roster().expected()),
        () -> expected.complete(List.of()));
    return expected.thenCompose(here -> status(room, here, page));
  }

  /** The members that the broker lists, and those of this server that are not announced yet. */
  private CompletionStage<RoomStatus> status(
      String room, List<Connection> expected, RoomStatus.@Nullable Page page) {
    CompletionStage<List<Broker.Present>> listed = broker.members(room);
    CompletionStage<@Nullable Cursor> end = broker.end(room);
    if (page == null) {
      return listed.thenCombine(
          end,
          (all, at) -> new RoomStatus(room, ids(all, expected).toList(), at, users(all, expected)));
    }
    return listed.thenCombineAsync(
        end,
        (all, at) -> {
          long size = expected.isEmpty() ? all.size() : ids(all, expected).count();
          return page.select(room, ids(all, expected), (int) size, at, users(all, expected));
        },
        Thread::startVirtualThread);
  }

  private static Stream<String> ids(List<Broker.Present> listed, List<Connection> expected) {
    Stream<String> ids = listed.stream().map(Broker.Present::id);
    return expected.isEmpty()
        ? ids
        : Stream.concat(ids, expected.stream().map(Connection::id)).distinct();
  }

  private static List<PresentUser> users(List<Broker.Present> listed, List<Connection> expected) {
    var users = new ArrayList<PresentUser>();
    listed.forEach(each -> add(each.user(), each.id(), users));
    if (!expected.isEmpty()) {
      var ids = listed.stream().map(Broker.Present::id).collect(Collectors.toSet());
      expected.stream()
          .filter(each -> !ids.contains(each.id()))
          .forEach(each -> add(each.user(), each.id(), users));
    }
    return PresentUser.collect(users.stream());
  }

  private static void add(@Nullable User user, String member, List<PresentUser> users) {
    if (user != null) {
      users.add(new PresentUser(user, member));
    }
  }
}
