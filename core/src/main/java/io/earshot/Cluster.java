package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Broker;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * This server as one of several that share their rooms: what its broker tells is brought to the
 * loops that it concerns.
 *
 * <p>Thread-safe: what changes is atomic or volatile, and the loops own the rest.
 */
final class Cluster implements Bus {
  private static final System.Logger LOG = System.getLogger(Cluster.class.getName());

  /** Of each room the broker remembers so many messages at least, since peers may miss some. */
  private static final int FEWEST_MESSAGES = 1_000;

  /** And for so long at least, in milliseconds. */
  private static final long SHORTEST_KEEP = 30_000;

  private final Earshot earshot;
  private final Broker broker;
  private final String peer;
  private final Errands errands;
  private final Ledger ledger;
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong epochs = new AtomicLong();
  private final CountDownLatch wasUp = new CountDownLatch(1);
  private volatile boolean up;

  Cluster(Earshot earshot, Broker broker) {
    this.earshot = earshot;
    this.broker = broker;
    String id = earshot.config().general().id().replaceAll("[^A-Za-z0-9_.-]", "_");
    this.peer = (id.isEmpty() ? "" : id + "-") + earshot.boot();
    this.errands = new Errands(earshot, this);
    this.ledger = new Ledger(earshot, this, wasUp::countDown);
  }

  void start() {
    broker.start(peer, this);
  }

  /**
   * Waits a moment for the others, so that who comes first finds them, and who is banned is known.
   */
  void awaitOthers() {
    try {
      var _ = wasUp.await(earshot.config().redis().timeout().toMillis(), TimeUnit.MILLISECONDS);
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
    return earshot.connections().find(id) != null;
  }

  /** What is asked of, and by, other servers. */
  Errands errands() {
    return errands;
  }

  /** What was decided, on whichever server. */
  Ledger ledger() {
    return ledger;
  }

  boolean isUp() {
    return up;
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
        earshot.now(),
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
    return earshot.rules().of(room).announcementsUpTo();
  }

  @Override
  public Broker.Terms terms(String room) {
    return terms(earshot.rules().of(room), null);
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
    return earshot.boot() + Long.toString(epochs.incrementAndGet(), 36);
  }

  // --- what the broker tells -------------------------------------------------------------------

  @Override
  public void told(String room, Cursor place, Post post) {
    if (room.equals(Ledger.ROOM)) {
      ledger.told(place, post);
      return;
    }
    Shard there = earshot.rooms().shard(room);
    there.tell(
        () -> {
          Room known = there.roomIfAny(room);
          RoomLink link = known == null ? null : known.link();
          if (link != null) {
            link.told(new Broker.Placed(place, post));
          }
        });
  }

  @Override
  public void connected() {
    up = true;
    ledger.connected();
    forEachShard(shard -> shard.forEachLink(RoomLink::reconnected));
  }

  @Override
  public void disconnected() {
    up = false;
    forEachShard(shard -> shard.forEachLink(RoomLink::disconnected));
  }

  private void forEachShard(Consumer<Shard> task) {
    earshot.rooms().shards().forEach(shard -> shard.tell(() -> task.accept(shard)));
  }

  @Override
  public CompletionStage<@Nullable Json> asked(Json question) {
    return errands.asked(question);
  }

  // --- what is asked ---------------------------------------------------------------------------

  CompletionStage<RoomStatus> status(String room) {
    return broker
        .members(room)
        .thenCombine(
            broker.end(room),
            (members, end) ->
                new RoomStatus(room, members.stream().map(Broker.Present::id).toList(), end));
  }

  /** What is to be said to a client of something that the broker did not do. */
  static String explained(Throwable failure) {
    Throwable cause = cause(failure);
    if (!(cause instanceof BrokerException)) {
      LOG.log(Level.ERROR, "a fault in the cluster", cause);
      return "Error: The server experienced an internal error";
    }
    return "Error: " + cause.getMessage();
  }

  static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }
}
