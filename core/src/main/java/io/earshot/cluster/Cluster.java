package io.earshot.cluster;

import io.earshot.Config;
import io.earshot.access.RoomRules;
import io.earshot.config.RoomRule;
import io.earshot.connection.Directory;
import io.earshot.moderation.Measures;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.RoomStatus;
import io.earshot.room.Room;
import io.earshot.room.RoomOrder;
import io.earshot.room.RoomOrders;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import io.earshot.spi.Broker;
import io.earshot.spi.Bus;
import io.earshot.web.WebClients;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * This server as one of several that share their rooms. It hands the broker's messages to the event
 * loops of the rooms, and makes the posts that this server publishes.
 *
 * <p>Thread-safe: its counters are atomic, and all other state is owned by event loops.
 */
public final class Cluster implements Bus, RoomOrders, AutoCloseable {
  /**
   * How many messages of a room the broker keeps at least, so that a server can read missing ones.
   */
  private static final int MIN_MESSAGES = 1_000;

  /** How long the broker keeps an empty room at least, in milliseconds. */
  private static final long MIN_KEEP = 30_000;

  /** How long to wait before a failed request to the broker is made again, in milliseconds. */
  static final long RETRY_PAUSE = 1_000;

  private final Broker broker;
  private final String peer;
  private final String boot;
  private final InstantSource clock;
  private final RoomRules rules;
  private final Rooms rooms;
  private final Directory connections;
  private final PeerRequests requests;
  private final MeasureLog measures;
  private final List<CatchUpQueue> catchUpQueues;
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong epochs = new AtomicLong();
  private final CountDownLatch wasUp = new CountDownLatch(1);
  private volatile boolean up;

  /**
   * A cluster that has not started.
   *
   * @param webClients the HTTP clients of the event loop to which a client's id belongs
   */
  public Cluster(
      Broker broker,
      Config config,
      InstantSource clock,
      RoomRules rules,
      Rooms rooms,
      Directory connections,
      Moderator moderation,
      Function<String, WebClients> webClients) {
    this.broker = broker;
    this.clock = clock;
    this.rules = rules;
    this.rooms = rooms;
    this.boot = rooms.boot();
    this.connections = connections;
    String id = config.general().id().replaceAll("[^A-Za-z0-9_.-]", "_");
    this.peer = (id.isEmpty() ? "" : id + "-") + boot;
    this.catchUpQueues = rooms.shards().stream().map(CatchUpQueue::new).toList();
    this.requests = new PeerRequests(this, rooms, connections, config.limits(), webClients);
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
      var _ = wasUp.await(most.toMillis(), TimeUnit.MILLISECONDS);
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
  CatchUpQueue catchUpQueue(Shard shard) {
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

  /** Whether the broker can be reached. */
  public boolean isUp() {
    return up;
  }

  /** The names of the running servers, this one included. */
  public List<String> peers() {
    return broker.peers();
  }

  // --- what this server publishes --------------------------------------------------------------

  /** A post with the next number of this server. */
  Post post(
      Json message,
      Json from,
      @Nullable String except,
      boolean mayBeElsewhere,
      @Nullable Audience audience) {
    return new Post(
        message,
        from,
        clock.millis(),
        except,
        mayBeElsewhere,
        audience,
        new Post.Origin(peer, numbers.incrementAndGet()));
  }

  /** The announcement that a member has joined or left. */
  Post announcement(String what, String id) {
    return post(Json.of(what), Json.of(id), id, false, null);
  }

  @Override
  public Post leaveAnnouncement(String id) {
    Post post = announcement(Room.LEFT, id);
    return new Post(
        post.message(),
        post.from(),
        post.sentAt(),
        post.except(),
        post.mayBeElsewhere(),
        post.audience(),
        post.origin().apart());
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
  public void told(String room, Cursor place, Post post) {
    if (room.equals(MeasureLog.ROOM)) {
      measures.told(place, post);
      return;
    }
    Shard there = rooms.shard(room);
    there.tell(
        () -> {
          Room known = there.roomIfAny(room);
          if (known != null) {
            order(known).catchUp().received(new Broker.Placed(place, post));
          }
        });
  }

  @Override
  public void connected() {
    up = true;
    measures.connected();
    forEachRoom(CatchUp::reconnected);
  }

  @Override
  public void disconnected() {
    up = false;
    forEachRoom(CatchUp::disconnected);
  }

  private void forEachRoom(Consumer<CatchUp> task) {
    for (Shard shard : rooms.shards()) {
      shard.tell(() -> shard.rooms().forEach(room -> task.accept(order(room).catchUp())));
    }
  }

  /**
   * The order of a room. Its type is certain, since the cluster is joined before any room exists.
   */
  private static ClusterOrder order(Room room) {
    return (ClusterOrder) room.order();
  }

  @Override
  public CompletionStage<@Nullable Json> asked(Json question) {
    return requests.asked(question);
  }

  // --- what this server asks -------------------------------------------------------------------

  @Override
  public CompletionStage<RoomStatus> status(String room) {
    return broker
        .members(room)
        .thenCombine(
            broker.end(room),
            (members, end) ->
                new RoomStatus(room, members.stream().map(Broker.Present::id).toList(), end));
  }
}
