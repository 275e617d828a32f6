package io.earshot.redis;

import static io.earshot.redis.connection.Failures.await;
import static io.earshot.redis.connection.Utf8.bytes;
import static io.earshot.redis.connection.Utf8.text;

import io.earshot.Config;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Connector;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.RateLimitedLog;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/**
 * Keeps this server in the cluster: connects to Redis, renews the lease that this server's members
 * depend on, and declares other servers dead.
 *
 * <p>Each beat renews the lease with a command, and publishes a message to this server itself. A
 * beat succeeds when that message arrives on the other connection, so that a link that is silently
 * dead is noticed within the time of a beat and a timeout. Then both connections are closed and
 * opened again.
 *
 * <p>A server whose lease expired is declared dead, and its members are removed from their rooms.
 * It notices that with its next beat at the latest, and continues as the owner of the next
 * generation. A server declares others dead only if it was connected for a whole lease itself,
 * since all leases expire at once when Redis fails.
 *
 * <p>Owned by its one thread; {@link #close} may be called from any thread.
 */
final class Heartbeat {
  private static final System.Logger LOG = System.getLogger(Heartbeat.class.getName());
  private static final long LONGEST_PAUSE_MILLIS = 1_000;
  private static final long SHORTEST_PAUSE_MILLIS = 100;

  private final Connector connector;
  private final Config.Redis settings;
  private final Keys keys;
  private final ClusterState state;
  private final Beats beats;
  private final BiConsumer<String, byte[]> inbox;
  private final RoomIndex index;
  private final Reaper reaper;
  private final Bus bus;
  private final RateLimitedLog log;
  private final Thread thread;
  private final AtomicBoolean closing = new AtomicBoolean();

  /** Counted down when the other servers know that this one has left, or that cannot be done. */
  private final CountDownLatch left = new CountDownLatch(1);

  /** Whether the current owner has had a lease. */
  private boolean isLeased;

  /** Whether the next connection is to be logged. */
  private boolean isNews = true;

  Heartbeat(
      Connector connector,
      Config.Redis settings,
      Keys keys,
      ClusterState state,
      Beats beats,
      BiConsumer<String, byte[]> inbox,
      RoomIndex index,
      Reaper reaper,
      Bus bus,
      RateLimitedLog log) {
    this.connector = connector;
    this.settings = settings;
    this.keys = keys;
    this.state = state;
    this.beats = beats;
    this.inbox = inbox;
    this.index = index;
    this.reaper = reaper;
    this.bus = bus;
    this.log = log;
    this.thread = Thread.ofPlatform().daemon().name("redis").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /**
   * Leaves the cluster, after all commands that were sent before. Blocks until the other servers
   * know, for five seconds at most.
   */
  void close() {
    boolean isConnected = state.connections() != null;
    closing.set(true);
    beats.request();
    if (!isConnected) {
      return; // this server has not joined a cluster
    }
    try {
      var _ = left.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // --- connecting ------------------------------------------------------------------------------

  private void run() {
    long pause = SHORTEST_PAUSE_MILLIS;
    while (!closing.get()) {
      boolean wasConnected = false;
      try (Connections redis = connector.open(inbox, beats::request)) {
        join(redis);
        wasConnected = true;
        pause = SHORTEST_PAUSE_MILLIS;
        beatUntilClosed(redis);
        leave(redis);
        state.disconnect(); // before left: nothing is published after this server has left
        left.countDown();
      } catch (InterruptedException e) {
        closing.set(true);
      } catch (ExecutionException | TimeoutException | RuntimeException e) {
        if (!closing.get()) {
          report(e);
        }
      }
      state.disconnect();
      if (wasConnected && !closing.get()) {
        bus.disconnected();
      }
      pause(pause);
      pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
    }
    left.countDown();
  }

  private void pause(long millis) {
    if (!closing.get()) {
      beats.clearRequests();
      long spread = ThreadLocalRandom.current().nextLong(millis / 2 + 1);
      try {
        if (beats.awaitRequest(millis / 2 + spread)) {
          Thread.sleep(SHORTEST_PAUSE_MILLIS / 2); // requests must not make this a busy loop
        }
      } catch (InterruptedException e) {
        closing.set(true);
      }
    }
  }

  private void report(Exception e) {
    String reason = e instanceof TimeoutException ? "it does not answer" : Failures.reason(e);
    state.connectFailed();
    if (log.isDue("connect " + reason)) {
      isNews = true;
      LOG.log(
          Level.WARNING,
          "Redis at {0} cannot be used: {1}{2}. This server keeps trying. Meanwhile it keeps its"
              + " connections and refuses messages to rooms.",
          connector.address(),
          reason,
          Failures.remedy(reason));
    }
  }

  private void join(Connections redis)
      throws InterruptedException, ExecutionException, TimeoutException {
    // All scripts are sent before the first answer is awaited: the network may be slow.
    List<CompletionStage<String>> loading = Scripts.ALL.stream().map(redis::load).toList();
    for (CompletionStage<String> each : loading) {
      await(each, settings.timeout());
    }
    await(redis.subscribe(keys.inbox(state.peer())), settings.timeout());
    index.reset();
    beat(redis, false);
    state.connect(redis);
    if (isNews) {
      isNews = false;
      LOG.log(Level.INFO, "connected to Redis at {0} as {1}", connector.address(), state.peer());
    }
    bus.connected();
  }

  /** Declares this server's lease to be over, so that the other servers remove its members. */
  private void leave(Connections redis)
      throws InterruptedException, ExecutionException, TimeoutException {
    // From now on requests of other servers find no subscriber, and fail at once.
    await(redis.unsubscribe(keys.inbox(state.peer())), settings.timeout());
    var _ = redis.addScored(keys.dead(), state.owner(), state.leaseUntil());
    await(redis.removeScored(keys.alive(), state.owner()), settings.timeout());
  }

  // --- beats -----------------------------------------------------------------------------------

  private void beatUntilClosed(Connections redis)
      throws InterruptedException, ExecutionException, TimeoutException {
    long lease = settings.lease().toMillis();
    long interval = Math.clamp(lease / 8, 100, 1_000);
    long since = System.nanoTime();
    while (!closing.get()) {
      if (beats.awaitRequest(interval)) {
        beats.clearRequests();
      }
      if (redis.isBroken()) {
        throw new IllegalStateException("the connection was lost");
      }
      boolean mayJudge = System.nanoTime() - since > TimeUnit.MILLISECONDS.toNanos(lease);
      if (beat(redis, mayJudge)) {
        since = System.nanoTime();
        index.reset();
        bus.connected();
      }
      if (mayJudge) {
        reaper.reap(state.dead());
      }
    }
  }

  /**
   * Renews the lease.
   *
   * @param mayJudge whether to declare owners dead whose leases have expired
   * @return whether this server had been declared dead
   */
  private boolean beat(Connections redis, boolean mayJudge)
      throws InterruptedException, ExecutionException, TimeoutException {
    long lease = settings.lease().toMillis();
    for (boolean wasDead = false; ; wasDead = true) {
      List<Object> answer =
          await(
              redis.run(
                  Scripts.BEAT,
                  new String[] {keys.alive(), keys.dead()},
                  bytes(state.owner()),
                  bytes(lease),
                  bytes(lease / 5),
                  bytes(mayJudge ? "1" : "0"),
                  bytes(redis.publishCommand()),
                  bytes(keys.inbox(state.peer())),
                  bytes(beats.next()),
                  bytes(isLeased ? "1" : "0")),
              settings.timeout());
      if (text(answer.getFirst()).equals("dead")) {
        LOG.log(
            Level.WARNING,
            "the lease of this server expired, and other servers removed its members; they join"
                + " again");
        isLeased = false;
        state.nextGeneration();
        continue;
      }
      isLeased = true;
      state.renewed((Long) answer.get(1), owners(answer.get(2)), owners(answer.get(3)));
      if (!beats.awaitReturn(settings.timeout())) {
        throw new TimeoutException();
      }
      return wasDead;
    }
  }

  private static List<String> owners(Object list) {
    return ((List<?>) list).stream().map(each -> text(each)).toList();
  }
}
