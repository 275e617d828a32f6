package io.earshot.redis;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.say.Standing;
import io.earshot.spi.BrokerException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The state of the cluster at this server's last beat: whether Redis can be reached, when the lease
 * of this server ends, and which servers are alive or dead.
 *
 * <p>Leases belong to owners. An owner is a run of a server and its generation, such as {@code
 * peer.0}; a server that was declared dead continues as owner of the next generation.
 *
 * <p>Thread-safe: volatile fields, which the thread of {@link Heartbeat} alone writes.
 */
final class ClusterState implements Standing {
  private final String peer;
  private final LongSupplier nanos;
  private final Beats beats;
  private final AtomicInteger generation = new AtomicInteger();
  private volatile @Nullable Connections connections;
  private volatile long leaseUntil;

  /** When the lease ends by this server's own clock, in nanoseconds; 0 before the first lease. */
  private volatile long leaseEnd;

  private volatile String whyUnavailable =
      "the cluster cannot be reached yet; try again in a moment";
  private volatile List<String> peers;
  private volatile Set<String> dead = Set.of();

  /**
   * The state before the first beat.
   *
   * @param peer the name of this run of this server
   * @param nanos a clock that is never set, in nanoseconds
   * @param beats asked for a beat when the lease is over
   */
  ClusterState(String peer, LongSupplier nanos, Beats beats) {
    this.peer = peer;
    this.beats = beats;
    this.nanos = nanos;
    this.peers = List.of(peer);
  }

  /** The name of this run of this server. */
  String peer() {
    return peer;
  }

  /** The owner of this server's lease, to which its members belong. */
  String owner() {
    return peer + "." + generation;
  }

  /** The peer's part of an owner. */
  static String peerOf(String owner) {
    return owner.substring(0, owner.lastIndexOf('.'));
  }

  @Override
  public long leaseUntil() {
    return leaseUntil;
  }

  /**
   * Whether the lease is over by this server's own clock, as after a pause of this process. Redis
   * decides by its clock, and accepts a late command if that was set back meanwhile.
   */
  @Override
  public boolean isLeaseOver() {
    long end = leaseEnd;
    return end != 0 && nanos.getAsLong() - end > 0;
  }

  /** How long the lease lasts by this server's own clock, in milliseconds; 0 before the first. */
  long leaseLeft() {
    long end = leaseEnd;
    return end == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(end - nanos.getAsLong());
  }

  @Override
  public @Nullable Connections connections() {
    return connections;
  }

  /** The answer to a request while there are no connections. */
  <T extends @Nullable Object> CompletionStage<T> unavailable() {
    return CompletableFuture.failedStage(whyUnavailable());
  }

  @Override
  public BrokerException whyUnavailable() {
    return new BrokerException(whyUnavailable, false);
  }

  @Override
  public void requestBeat() {
    beats.request();
  }

  /** The runs of servers that were alive at the last beat; this one is among them. */
  List<String> peers() {
    return peers;
  }

  /** The owners that were declared dead, until all their members are removed. */
  Set<String> dead() {
    return dead;
  }

  /** The runs of servers that have a dead owner and no live one. */
  Set<String> deadPeers() {
    var gone =
        dead.stream().map(ClusterState::peerOf).collect(Collectors.toCollection(HashSet::new));
    peers.forEach(gone::remove);
    return gone;
  }

  // --- changes, by the heartbeat ---------------------------------------------------------------

  void connect(Connections fresh) {
    connections = fresh;
  }

  void disconnect() {
    connections = null;
  }

  /** Changes what {@link #unavailable} says: from "not yet" to "not now". */
  void connectFailed() {
    whyUnavailable = "the cluster cannot be reached now; try again in a moment";
  }

  /** This server was declared dead. */
  void nextGeneration() {
    generation.incrementAndGet();
  }

  /**
   * The lease was renewed.
   *
   * @param until when the lease ends, by the clock of Redis
   * @param end when it ends by this server's own clock, in nanoseconds
   */
  void renewed(long until, long end, List<String> liveOwners, List<String> deadOwners) {
    leaseUntil = until;
    leaseEnd = end == 0 ? 1 : end;
    peers = liveOwners.stream().map(ClusterState::peerOf).distinct().toList();
    dead = Set.copyOf(deadOwners);
  }
}
