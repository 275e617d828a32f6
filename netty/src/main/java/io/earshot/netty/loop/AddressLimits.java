package io.earshot.netty.loop;

import io.earshot.Config;
import io.earshot.spi.Pace;
import io.earshot.spi.PerAddress;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;

/**
 * The limits of each client address: how many connections it has, and how many HTTP requests it
 * sends, so that no client takes up a server alone. It keeps only addresses that have a connection
 * or have sent a request a moment ago.
 *
 * <p>Thread-safe: its maps are concurrent.
 */
public final class AddressLimits {
  private final Pace requestPace;
  private final LongSupplier elapsed;
  private final Refusals refusals;
  private final PerAddress connections;

  /** The bucket of each address, as {@link Pace} has it. */
  private final ConcurrentMap<Long, Long> requests = new ConcurrentHashMap<>();

  public AddressLimits(Config config, LongSupplier elapsed, Refusals refusals) {
    Config.Limits limits = config.limits();
    this.connections = new PerAddress(limits.connectionsPerAddress(), PerAddress.exempt(config));
    this.requestPace = new Pace(limits.requestsPerSecond(), 2 * limits.requestsPerSecond());
    this.elapsed = elapsed;
    this.refusals = refusals;
  }

  /** Limits that nothing exceeds, for operators. */
  public static AddressLimits none(LongSupplier elapsed, Refusals refusals) {
    return new AddressLimits(
        Config.defaults()
            .with("limits.connectionsPerAddress", 0)
            .with("limits.requestsPerSecond", 0),
        elapsed,
        refusals);
  }

  /** Counts a refusal. */
  public void count(Refusal kind) {
    refusals.count(kind);
  }

  /** Counts one more connection, unless there are too many; {@link #leave} has to follow. */
  public boolean enters(InetAddress address) {
    return connections.enters(address);
  }

  /** A counted connection has ended. */
  public void leave(InetAddress address) {
    connections.leave(address);
  }

  /**
   * Counts one more HTTP request, unless it exceeds the rate.
   *
   * @return 0, or how many milliseconds the client has to wait before it sends the request again
   */
  public long asks(InetAddress address) {
    if (requestPace.isOff() || connections.isExempt(address)) {
      return 0;
    }
    Long key = PerAddress.key(address);
    long now = elapsed.getAsLong();
    while (true) {
      Long before = requests.get(key);
      long after = requestPace.spend(before == null ? 0 : before, now, 1);
      long wait = requestPace.overdrawn(after, now);
      if (wait > 0) {
        return wait;
      } else if (before == null
          ? requests.putIfAbsent(key, after) == null
          : requests.replace(key, before, after)) {
        return 0;
      }
    }
  }

  /**
   * Counts further HTTP requests, whether or not they exceed the rate. If they do, {@link #asks}
   * refuses the address's next requests.
   *
   * @param count how many; none if it is not positive
   */
  public void charge(InetAddress address, int count) {
    if (count > 0 && !requestPace.isOff() && !connections.isExempt(address)) {
      long now = elapsed.getAsLong();
      var unused =
          requests.merge(
              PerAddress.key(address),
              requestPace.spend(0, now, count),
              (before, ignored) -> requestPace.spend(before, now, count));
    }
  }

  /** Forgets addresses that sent no requests lately. Called every few seconds, by any thread. */
  public void forget() {
    long now = elapsed.getAsLong();
    requests.values().removeIf(paidBy -> requestPace.isPaid(paidBy, now));
  }

  /** How many addresses are kept. */
  public int size() {
    return connections.size() + requests.size();
  }
}
