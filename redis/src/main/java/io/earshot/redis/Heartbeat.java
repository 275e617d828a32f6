package io.earshot.redis;

import static io.earshot.redis.connection.Utf8.bytes;
import static io.earshot.redis.connection.Utf8.text;
import static io.earshot.redis.link.Patience.await;

import io.earshot.Config;
import io.earshot.redis.connection.ClockSkew;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Connector;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.MessageSigner;
import io.earshot.redis.connection.Turns;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps this server in the cluster: renews the lease that this server's members depend on, and
 * declares other servers dead.
 *
 * <p>Each beat renews the lease with a command, and publishes a message to this server itself. A
 * beat succeeds when that message arrives on the other connection; otherwise both connections to
 * that server of Redis are replaced.
 *
 * <p>A server whose lease expired is declared dead, and its members are removed from their rooms.
 * Each server finds that out by its own clock, see {@link Leases}. It notices that with its next
 * beat at the latest, and continues as the owner of the next generation. A server declares others
 * dead only if it was connected for a whole lease itself, since all leases expire at once when
 * Redis fails.
 *
 * <p>After a beat it has the ends of some rooms read, so that a room whose messages do not arrive
 * is noticed, whatever the reason. Each room has its turn once in the time of a lease.
 *
 * <p>Owned by its one thread, whose waits all have a bound; {@link #close} may be called from any
 * thread.
 */
final class Heartbeat {
  private static final System.Logger LOG = System.getLogger(Heartbeat.class.getName());

  /** After a beat that failed, however many requests for another there are. */
  private static final long PAUSE_MILLIS = 50;

  /** How many rooms are looked at in a second. */
  private static final int MOST_LOOKS = 500;

  private final Connector connector;
  private final Config.Redis settings;
  private final Keys keys;
  private final ClusterState state;
  private final Beats beats;
  private final BiConsumer<String, byte[]> inbox;
  private final RoomIndex index;
  private final Reaper reaper;
  private final Bus bus;
  private final MessageSigner signer;
  private final Leases leases;
  private final ClockSkew skew;
  private final LongSupplier nanos;
  private final Consumer<String> look;
  private final Reach reach;

  /** The channels, in the order in which their rooms are looked at. */
  private final Turns<String> looks;

  private final long interval;
  private final Thread thread;
  private final AtomicBoolean closing = new AtomicBoolean();

  /** Counted down when the other servers know that this one has left, or that cannot be done. */
  private final CountDownLatch left = new CountDownLatch(1);

  /** Whether the current owner has had a lease. */
  private boolean isLeased;

  /** The secret that Redis has; null before this server has read it. */
  private volatile @Nullable String sharedSecret;

  /** Whether this server was declared dead, and its rooms do not know. */
  private boolean wasDead;

  /** The connections of the last beat that succeeded; null if the last one failed. */
  private @Nullable Object link;

  /** Since when each beat has succeeded. */
  private long since;

  /** How long the last beat was under way, in nanoseconds; -1 before the first. */
  private volatile long roundTrip = -1;

  /** How many beats have succeeded. */
  private long beatCount;

  /**
   * A heartbeat that has not started.
   *
   * @param look reads the end of a room, and does not wait
   */
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
      MessageSigner signer,
      Consumer<String> look,
      Reach reach,
      ClockSkew skew,
      LongSupplier nanos) {
    this.connector = connector;
    this.settings = settings;
    this.keys = keys;
    this.state = state;
    this.beats = beats;
    this.inbox = inbox;
    this.index = index;
    this.reaper = reaper;
    this.bus = bus;
    this.signer = signer;
    this.look = look;
    this.looks = new Turns<>(settings.lease(), MOST_LOOKS, nanos.getAsLong());
    this.reach = reach;
    this.skew = skew;
    this.nanos = nanos;
    long lease = settings.lease().toMillis();
    this.interval = Math.clamp(lease / 8, 100, 1_000);
    this.leases = new Leases(TimeUnit.MILLISECONDS.toNanos(lease + lease / 5 - interval));
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
    reach.close();
    beats.request();
    if (!isConnected) {
      return; // this server has not joined a cluster
    }
    try {
      var unused = left.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** How long the last beat was under way, in nanoseconds; -1 before the first. */
  long roundTrip() {
    return roundTrip;
  }

  private void run() {
    try (Connections redis = connector.open(Scripts.ALL, interval, inbox, reach, reach.log())) {
      while (!closing.get()) {
        if (beats.awaitRequest(interval)) {
          beats.clearRequests();
        }
        // The first connection is announced for all rooms at once; later ones one by one.
        boolean mayBeat = state.connections() != null || redis.areTried();
        if (closing.get() || !mayBeat || !redis.reaches(keys.alive())) {
          link = null;
        } else if (!isBeating(redis)) {
          Thread.sleep(PAUSE_MILLIS);
        }
      }
      leave(redis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      LOG.log(Level.DEBUG, "the cluster could not be left; the lease will expire", e);
    } finally {
      state.disconnect(); // before left: nothing is published after this server has left
      left.countDown();
    }
  }

  /** Beats once; returns whether that succeeded. */
  private boolean isBeating(Connections redis) throws InterruptedException {
    try {
      keepLease(redis);
      return true;
    } catch (TimeoutException e) {
      redis.replace(keys.alive(), "it does not answer");
    } catch (ExecutionException | RuntimeException e) {
      // Without a lost connection, which is noticed by itself.
      if (Failures.isRefusal(e) && reach.refused(e)) {
        redis.replace(keys.alive(), Failures.reason(e));
      } else if (!Failures.isRefusal(e)) {
        LOG.log(Level.DEBUG, "a beat failed", e);
      }
    }
    link = null;
    return false;
  }

  private void keepLease(Connections redis)
      throws InterruptedException, ExecutionException, TimeoutException {
    Object now = redis.link(keys.alive());
    boolean isBack = !Objects.equals(now, link);
    String channel = keys.inbox(state.peer());
    if (!redis.isSubscribed(channel)) {
      await(redis.subscribe(channel), settings.timeout());
    }
    if (isBack) {
      index.reset();
      leases.forget();
    }
    boolean mayReap = !isBack && nanos.getAsLong() - since > settings.lease().toNanos();
    CompletionStage<?> sharing =
        isBack ? shareSecret(redis) : CompletableFuture.completedStage(null);
    beat(redis);
    await(sharing, settings.timeout());
    if (isBack || wasDead) {
      since = nanos.getAsLong();
    }
    link = now;
    boolean isFirst = state.connections() == null;
    state.connect(redis);
    if (wasDead) {
      index.reset();
      leases.forget();
    }
    if (isBack || wasDead) {
      reach.leased(redis, isFirst || wasDead);
      wasDead = false;
    }
    index.removeUnused(redis, state.owner());
    int timesPerLease = Math.toIntExact(Math.max(1, settings.lease().toMillis() / interval));
    bus.leaseRenewed(timesPerLease);
    if (++beatCount % timesPerLease == 0) {
      index.compare(redis, state.owner(), bus::listedIn);
      var unused = shareSecret(redis);
    }
    if (mayReap) {
      reaper.reap(state.dead());
    }
    for (String each : looks.due(redis.subscriptions(), nanos.getAsLong())) {
      String room = keys.room(each);
      if (room != null) {
        look.accept(room);
      }
    }
  }

  /**
   * Takes over the secret that Redis has for servers without a configured one, and puts it there if
   * Redis has none. A failure leaves this server its own secret until the next attempt.
   */
  private CompletionStage<?> shareSecret(Connections redis) {
    String known = sharedSecret != null ? sharedSecret : bus.secretToShare();
    if (known == null) {
      return CompletableFuture.completedStage(null);
    }
    var unused =
        redis
            .setIfAbsent(keys.secret(), known)
            .whenComplete((ignored, failure) -> secretFailed(failure));
    return redis
        .text(keys.secret())
        .<@Nullable Object>handle(
            (secret, failure) -> {
              secretFailed(failure);
              if (secret != null && !secret.isEmpty()) {
                sharedSecret = secret;
                bus.shareSecret(signer.mixed(secret));
              }
              return null;
            });
  }

  private void secretFailed(@Nullable Throwable failure) {
    if (failure != null && sharedSecret == null) {
      reach.secretFailed(failure);
    }
  }

  /** Declares this server's lease to be over, so that the other servers remove its members. */
  private void leave(Connections redis)
      throws InterruptedException, ExecutionException, TimeoutException {
    // From now on requests of other servers find no subscriber, and fail at once.
    await(redis.unsubscribe(keys.inbox(state.peer())), settings.timeout());
    var unused = redis.addScored(keys.dead(), state.owner(), state.leaseUntil());
    await(redis.removeScored(keys.alive(), state.owner()), settings.timeout());
    // The nodes of a Redis Cluster answer independently of each other.
    await(redis.answered(), settings.timeout());
  }

  /** Renews the lease, and declares owners dead that have not renewed theirs in time. */
  private void beat(Connections redis)
      throws InterruptedException, ExecutionException, TimeoutException {
    long lease = settings.lease().toMillis();
    while (true) {
      var arguments =
          new ArrayList<>(
              List.of(
                  bytes(state.owner()),
                  bytes(lease),
                  bytes(redis.publishCommand()),
                  bytes(keys.inbox(state.peer())),
                  bytes(beats.next()),
                  bytes(isLeased ? "1" : "0")));
      long sent = nanos.getAsLong();
      leases.expired(sent).forEach(each -> arguments.add(bytes(each)));
      List<Object> answer =
          await(
              redis.run(
                  Scripts.BEAT,
                  new String[] {keys.alive(), keys.dead()},
                  arguments.toArray(byte[][]::new)),
              settings.timeout());
      long now = nanos.getAsLong();
      bus.answered(now - sent);
      String verdict = text(answer.getFirst());
      if (!verdict.equals("at")) {
        LOG.log(
            Level.WARNING,
            verdict.equals("dead")
                ? "the lease of this server expired, and other servers removed its members; they"
                    + " join again"
                : "Redis does not know the lease of this server any more: Redis has lost data, or"
                    + " the lease expired long ago; the members of this server join again");
        isLeased = false;
        wasDead = true;
        state.nextGeneration();
        continue;
      }
      isLeased = true;
      long until = (Long) answer.get(1);
      roundTrip = now - sent;
      skew.compare(until - lease, TimeUnit.NANOSECONDS.toMillis(now - sent));
      List<String> alive = leases.saw((List<?>) answer.get(2), now);
      long end = sent + TimeUnit.MILLISECONDS.toNanos(lease);
      state.renewed(until, end, alive, owners(answer.get(3)));
      if (!leases.expired(now).isEmpty()) {
        beats.request(); // the next beat declares them dead
      }
      if (!beats.awaitReturn(settings.timeout())) {
        throw new TimeoutException();
      }
      return;
    }
  }

  private static List<String> owners(Object list) {
    return ((List<?>) list).stream().map(each -> text(each)).toList();
  }

  // --- leases ----------------------------------------------------------------------------------

  /**
   * How long the owners have not renewed their leases, by this server's own clock. Each renewal
   * changes the number that Redis keeps of the owner; whether the number is a time, and of which
   * clock, does not matter. So no owner lives longer or dies earlier because the clock of Redis is
   * set.
   *
   * <p>Owned by the thread of {@link Heartbeat}.
   */
  private static final class Leases {
    private final long patience;

    /** The owners of the last beat, and since when each number is the same, in nanoseconds. */
    private final Map<String, Seen> owners = new HashMap<>();

    private record Seen(String number, long since) {}

    /**
     * No owners yet.
     *
     * @param patience how long an owner may not renew its lease, in nanoseconds
     */
    Leases(long patience) {
      this.patience = patience;
    }

    private long lastLook;

    /** Forgets everything: while this server was not connected, it could not see who beats. */
    void forget() {
      owners.clear();
    }

    /**
     * Takes the owners that Redis has after a beat.
     *
     * @param answer the owners, each followed by its number
     * @param now the time, in nanoseconds by a clock that is never set
     * @return the owners
     */
    List<String> saw(List<?> answer, long now) {
      forgetAfterPause(now);
      lastLook = now;
      var alive = new ArrayList<String>();
      for (int i = 0; i < answer.size(); i += 2) {
        String owner = text(answer.get(i));
        String number = text(answer.get(i + 1));
        alive.add(owner);
        owners.compute(
            owner,
            (ignored, seen) ->
                seen != null && seen.number.equals(number) ? seen : new Seen(number, now));
      }
      owners.keySet().retainAll(alive);
      return alive;
    }

    /** A pause of this process, or of the whole machine, is not one of the others. */
    private void forgetAfterPause(long now) {
      if (now - lastLook > patience / 2) {
        owners.clear();
      }
    }

    /** The owners that have not renewed their leases in time, each followed by its number. */
    List<String> expired(long now) {
      forgetAfterPause(now);
      var expired = new ArrayList<String>();
      owners.forEach(
          (owner, seen) -> {
            if (now - seen.since > patience) {
              expired.add(owner);
              expired.add(seen.number);
            }
          });
      return expired;
    }
  }
}
