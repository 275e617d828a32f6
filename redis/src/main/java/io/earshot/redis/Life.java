package io.earshot.redis;

import static io.earshot.redis.RedisBroker.bytes;
import static io.earshot.redis.RedisBroker.text;

import io.earshot.Config;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Whether this server lives, as the others see it, and whether Redis does, as this one sees it.
 *
 * <p>One thread connects, and then beats: each beat renews the lease that the members of this
 * server hang on, and comes back by the other connection, so that a link that is silently dead is
 * found out in one beat and a timeout. Then both connections are given up and made anew.
 *
 * <p>Whose lease is over, and who has not come back since, is taken for dead: its members leave
 * their rooms. It finds that out with its next beat at the latest, and goes on under another name.
 * Only who has been in touch for a whole lease judges others, since after a failure of Redis all
 * leases are over at once.
 *
 * <p>Owned by its thread; what others read is volatile.
 */
final class Life {
  private static final System.Logger LOG = System.getLogger(Life.class.getName());
  private static final long LONGEST_PAUSE = 1_000;
  private static final long SHORTEST_PAUSE = 100;

  private final RedisBroker broker;
  private final Config.Redis settings;
  private final String peer;
  private final Bus bus;
  private final Thread thread;
  private final Reaper reaper;

  /** Released when there is something to look at before the next beat. */
  private final Semaphore look = new Semaphore(0);

  /** Released when a beat has come back. */
  private final Semaphore beaten = new Semaphore(0);

  private final AtomicBoolean closing = new AtomicBoolean();

  /** Done when the others know that this server is gone, or cannot be told. */
  private final CountDownLatch left = new CountDownLatch(1);

  private volatile @Nullable Connections link;
  private final AtomicInteger generation = new AtomicInteger();

  /** Whether the owner of the time has had a lease. Owned by the thread. */
  private boolean leased;

  /** Whether it is worth saying that Redis is reached. Owned by the thread. */
  private boolean isNews = true;

  private volatile long leaseUntil;
  private volatile String whyAway = "the cluster cannot be reached yet; try again in a moment";
  private volatile List<String> peers;
  private volatile Set<String> dead = Set.of();
  private final AtomicLong beats = new AtomicLong();

  Life(RedisBroker broker, String peer, Bus bus) {
    this.broker = broker;
    this.settings = broker.settings();
    this.peer = peer;
    this.bus = bus;
    this.peers = List.of(peer);
    this.reaper = new Reaper(broker, bus);
    this.thread = Thread.ofPlatform().daemon().name("redis").unstarted(this::run);
  }

  /** Throws IllegalArgumentException if the settings cannot be meant. */
  static void check(Config.Redis settings) {
    Address.of(settings);
  }

  void start() {
    thread.start();
  }

  /** Takes leave of the others; all that was asked for before is done first. */
  void close() {
    boolean isKnown = link != null;
    closing.set(true);
    look.release();
    if (!isKnown) {
      return; // nobody can be told
    }
    try {
      var _ = left.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  String peer() {
    return peer;
  }

  Bus bus() {
    return bus;
  }

  /** What the members of this server belong to. */
  String owner() {
    return peer + "." + generation;
  }

  /** Until when the lease holds, by Redis' clock. */
  long leaseUntil() {
    return leaseUntil;
  }

  /** The connections; null while there are none that work. */
  @Nullable Connections link() {
    return link;
  }

  String whyAway() {
    return whyAway;
  }

  /** The names of the servers whose leases hold, or were not seen to be over. */
  List<String> peers() {
    return peers;
  }

  /** The owners that were taken for dead lately. */
  Set<String> dead() {
    return dead;
  }

  /** The servers that were, and have not come back under another name. */
  Set<String> deadPeers() {
    var gone = dead.stream().map(Life::peer).collect(Collectors.toCollection(HashSet::new));
    peers.forEach(gone::remove);
    return gone;
  }

  private static String peer(String owner) {
    return owner.substring(0, owner.lastIndexOf('.'));
  }

  /** Beats now, since something looks wrong. */
  void look() {
    look.release();
  }

  /** Whether a message is a beat that has come back. */
  boolean beaten(byte[] message) {
    boolean isBeat = message.length > 5 && text(message).startsWith("beat ");
    if (isBeat && text(message).equals("beat " + beats)) {
      beaten.release();
    }
    return isBeat;
  }

  // --- the thread ------------------------------------------------------------------------------

  private void run() {
    long pause = SHORTEST_PAUSE;
    while (!closing.get()) {
      boolean wasUp = false;
      try (Connections fresh =
          Connections.open(Address.of(settings), settings, broker::published, this::look)) {
        begin(fresh);
        wasUp = true;
        pause = SHORTEST_PAUSE;
        live(fresh);
        takeLeave(fresh);
        link = null; // before anybody is told, so that nobody says anything after the goodbye
        left.countDown();
      } catch (InterruptedException e) {
        closing.set(true);
      } catch (ExecutionException | TimeoutException | RuntimeException e) {
        if (!closing.get()) {
          report(e);
        }
      }
      link = null;
      if (wasUp && !closing.get()) {
        bus.disconnected();
      }
      pause(pause);
      pause = Math.min(LONGEST_PAUSE, pause * 2);
    }
    left.countDown();
  }

  private void pause(long millis) {
    if (!closing.get()) {
      look.drainPermits();
      long spread = ThreadLocalRandom.current().nextLong(millis / 2 + 1);
      try {
        if (look.tryAcquire(millis / 2 + spread, TimeUnit.MILLISECONDS)) {
          Thread.sleep(SHORTEST_PAUSE / 2); // looked at soon enough; never in a tight loop
        }
      } catch (InterruptedException e) {
        closing.set(true);
      }
    }
  }

  private void report(Exception e) {
    String reason = e instanceof TimeoutException ? "it does not answer" : Failures.reason(e);
    whyAway = "the cluster cannot be reached now; try again in a moment";
    // Each reason at once, and then once in a while.
    if (broker.occasional().isTime("away " + reason)) {
      isNews = true;
      LOG.log(
          Level.WARNING,
          "Redis at {0} cannot be used: {1}{2}. Until it can, nothing is said in rooms; connections"
              + " are kept, and it is tried again all the time.",
          Address.of(settings),
          reason,
          Failures.remedy(reason));
    }
  }

  private void begin(Connections fresh)
      throws InterruptedException, ExecutionException, TimeoutException {
    // All at once, since the way may be long.
    for (CompletionStage<String> loading : Stream.of(Script.values()).map(fresh::load).toList()) {
      await(loading);
    }
    await(fresh.subscribe(broker.keys().inbox(peer)));
    broker.reindex();
    beat(fresh, false);
    link = fresh;
    if (isNews) {
      isNews = false;
      LOG.log(
          Level.INFO, "Redis at {0} is reached; this server is {1}", Address.of(settings), peer);
    }
    bus.connected();
  }

  private void live(Connections current)
      throws InterruptedException, ExecutionException, TimeoutException {
    long lease = settings.lease().toMillis();
    long interval = Math.clamp(lease / 8, 100, 1_000);
    long since = System.nanoTime();
    while (!closing.get()) {
      if (look.tryAcquire(interval, TimeUnit.MILLISECONDS)) {
        look.drainPermits();
      }
      if (current.isBroken()) {
        throw new IllegalStateException("the connection was lost");
      }
      boolean mayJudge = System.nanoTime() - since > TimeUnit.MILLISECONDS.toNanos(lease);
      if (beat(current, mayJudge)) {
        since = System.nanoTime();
        broker.reindex();
        bus.connected();
      }
      if (mayJudge) {
        reaper.reap(dead);
      }
    }
  }

  /** Renews the lease; true if it was over, and somebody has noticed. */
  private boolean beat(Connections current, boolean mayJudge)
      throws InterruptedException, ExecutionException, TimeoutException {
    for (boolean wasDead = false; ; wasDead = true) {
      String word = "beat " + beats.incrementAndGet();
      beaten.drainPermits();
      List<Object> answer =
          await(
              current.run(
                  Script.BEAT,
                  new String[] {broker.keys().alive(), broker.keys().dead()},
                  bytes(owner()),
                  bytes(settings.lease().toMillis()),
                  bytes(settings.lease().toMillis() / 5),
                  bytes(mayJudge ? "1" : "0"),
                  bytes(current.publishing()),
                  bytes(broker.keys().inbox(peer)),
                  bytes(word),
                  bytes(leased ? "1" : "0")));
      if (text(answer.getFirst()).equals("dead")) {
        LOG.log(
            Level.WARNING,
            "this server was taken for dead, or forgotten; its members come in again");
        leased = false;
        generation.incrementAndGet();
        continue;
      }
      leased = true;
      leaseUntil = (Long) answer.get(1);
      peers = texts(answer.get(2)).stream().map(Life::peer).distinct().toList();
      dead = Set.copyOf(texts(answer.get(3)));
      if (!beaten.tryAcquire(settings.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new TimeoutException();
      }
      return wasDead;
    }
  }

  private static List<String> texts(Object list) {
    return ((List<?>) list).stream().map(RedisBroker::text).toList();
  }

  /** Whatever is left of this server is for the others to clear up, at once. */
  private void takeLeave(Connections current)
      throws InterruptedException, ExecutionException, TimeoutException {
    await(current.unsubscribe(broker.keys().inbox(peer))); // who asks now is told that it is gone
    await(current.bury(broker.keys().alive(), broker.keys().dead(), owner(), leaseUntil));
  }

  private <T> T await(CompletionStage<T> stage)
      throws InterruptedException, ExecutionException, TimeoutException {
    return stage.toCompletableFuture().get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
  }
}
