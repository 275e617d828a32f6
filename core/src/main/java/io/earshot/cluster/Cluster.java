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
 * This server as one of several that share their rooms: what its broker tells is brought to the
 * loops that it concerns.
 *
 * <p>Thread-safe: what changes is atomic or volatile, and the loops own the rest.
 */
public final class Cluster implements Bus, RoomOrders, AutoCloseable {
  /** Of each room the broker remembers so many messages at least, since peers may miss some. */
  private static final int FEWEST_MESSAGES = 1_000;

  /** And for so long at least, in milliseconds. */
  private static final long SHORTEST_KEEP = 30_000;

  private final Broker broker;
  private final String peer;
  private final String boot;
  private final InstantSource clock;
  private final RoomRules rules;
  private final Rooms rooms;
  private final Directory connections;
  private final PeerRequests requests;
  private final MeasureLog measures;
  private final List<CatchUp> catchUps;
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong epochs = new AtomicLong();
  private final CountDownLatch wasUp = new CountDownLatch(1);
  private volatile boolean up;

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
    this.catchUps = rooms.shards().stream().map(CatchUp::new).toList();
    this.requests = new PeerRequests(this, rooms, connections, config.limits(), webClients);
    this.measures =
        new MeasureLog(
            this,
            moderation,
            rooms.shard(MeasureLog.ROOM),
            Measures.remembered(config.admin().measures()),
            wasUp::countDown);
  }

  public void start() {
    broker.start(peer, this);
  }

  /**
   * Waits a moment for the others, so that who comes first finds them, and who is banned is known.
   */
  public void awaitOthers(Duration most) {
    try {
      var _ = wasUp.await(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  Broker broker() {
    return broker;
  }

  /** The name of this run of this server. */
  String peer() {
    return peer;
  }

  /** Whether somebody of this id is connected to this server. */
  boolean isHere(String id) {
    return connections.find(id) != null;
  }

  /** What is asked of, and by, other servers. */
  public PeerRequests requests() {
    return requests;
  }

  /** What was decided, on whichever server. */
  public MeasureLog measures() {
    return measures;
  }

  /** The rooms of a loop that are to ask for what they missed. */
  CatchUp catchUp(Shard shard) {
    return catchUps.get(shard.index());
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

  public boolean isUp() {
    return up;
  }

  /** The servers that there are, this one included. */
  public List<String> peers() {
    return broker.peers();
  }

  // --- what is told ----------------------------------------------------------------------------

  Post post(
      Json message,
      Json from,
      @Nullable String except,
      boolean isStrange,
      @Nullable Audience audience) {
    return new Post(
        message,
        from,
        clock.millis(),
        except,
        isStrange,
        audience,
        new Post.Origin(peer, numbers.incrementAndGet()));
  }

  Post announcement(String what, String id) {
    return post(Json.of(what), Json.of(id), id, false, null);
  }

  @Override
  public Post farewell(String id) {
    Post post = announcement(Room.LEFT, id);
    return new Post(
        post.message(),
        post.from(),
        post.sentAt(),
        post.except(),
        post.isStrange(),
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
        Math.max(FEWEST_MESSAGES, rule.historyMessages()),
        Math.max(SHORTEST_KEEP, rule.historyAge()),
        known,
        freshEpoch());
  }

  /** What to call an order that begins anew. */
  String freshEpoch() {
    return boot + Long.toString(epochs.incrementAndGet(), 36);
  }

  // --- what the broker tells -------------------------------------------------------------------

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
            order(known).told(new Broker.Placed(place, post));
          }
        });
  }

  @Override
  public void connected() {
    up = true;
    measures.connected();
    forEachOrder(ClusterOrder::reconnected);
  }

  @Override
  public void disconnected() {
    up = false;
    forEachOrder(ClusterOrder::disconnected);
  }

  private void forEachOrder(Consumer<ClusterOrder> task) {
    for (Shard shard : rooms.shards()) {
      shard.tell(() -> shard.rooms().forEach(room -> task.accept(order(room))));
    }
  }

  /** Each room here has one, since the cluster is joined before anybody connects. */
  private static ClusterOrder order(Room room) {
    return (ClusterOrder) room.order();
  }

  @Override
  public CompletionStage<@Nullable Json> asked(Json question) {
    return requests.asked(question);
  }

  // --- what is asked ---------------------------------------------------------------------------

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
