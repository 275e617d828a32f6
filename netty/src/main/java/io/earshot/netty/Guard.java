package io.earshot.netty;

import io.earshot.Config;
import io.earshot.spi.AddressRange;
import io.earshot.spi.Pace;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Stream;

/**
 * How many connections each address has and how many HTTP requests it sends, so that nobody takes
 * up a server alone. An IPv6 address counts by its first 64 bits, of which a customer has one at
 * least. Only addresses that have a connection, or have sent a request a moment ago, are kept.
 *
 * <p>Thread-safe: it is made of concurrent maps.
 */
final class Guard {

  /** What IPv4 addresses begin with here, where no IPv6 address does. */
  private static final long IPV4 = 0xFFFFL << Integer.SIZE;

  private final int mostConnections;
  private final Pace requestPace;
  private final List<AddressRange> exempt;
  private final InstantSource clock;
  private final Refusals refusals;
  private final ConcurrentMap<Long, Integer> connections = new ConcurrentHashMap<>();

  /** The bucket of each address, as {@link Pace} has it. */
  private final ConcurrentMap<Long, Long> requests = new ConcurrentHashMap<>();

  Guard(Config config, InstantSource clock, Refusals refusals) {
    Config.Limits limits = config.limits();
    this.mostConnections = limits.connectionsPerAddress();
    this.requestPace = new Pace(limits.requestsPerSecond(), 2 * limits.requestsPerSecond());
    this.exempt =
        Stream.of(limits.exemptAddresses(), config.httpServer().trustedProxies())
            .flatMap(List::stream)
            .map(AddressRange::of)
            .toList();
    this.clock = clock;
    this.refusals = refusals;
  }

  /** Counts something that is refused at a door. */
  void count(Refusal kind) {
    refusals.count(kind);
  }

  /** Counts one more connection, unless there are too many; {@link #leave} has to follow. */
  boolean enters(InetAddress address) {
    if (mostConnections == 0 || isExempt(address)) {
      return true;
    }
    Long key = key(address);
    while (true) {
      Integer had = connections.get(key);
      if (had == null) {
        if (connections.putIfAbsent(key, 1) == null) {
          return true;
        }
      } else if (had >= mostConnections) {
        return false;
      } else if (connections.replace(key, had, had + 1)) {
        return true;
      }
    }
  }

  /** A connection that entered is gone. */
  void leave(InetAddress address) {
    if (mostConnections != 0 && !isExempt(address)) {
      connections.computeIfPresent(key(address), (_, had) -> had == 1 ? null : had - 1);
    }
  }

  /**
   * Counts one more HTTP request, unless it comes too soon.
   *
   * @return 0, or after how many milliseconds it may come
   */
  long asks(InetAddress address) {
    if (requestPace.isOff() || isExempt(address)) {
      return 0;
    }
    Long key = key(address);
    long now = clock.millis();
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

  /** Forgets who has sent no requests lately. Called now and then, by anybody. */
  void forget() {
    long now = clock.millis();
    requests.values().removeIf(paidBy -> requestPace.isPaid(paidBy, now));
  }

  /** How many addresses are kept. */
  int size() {
    return connections.size() + requests.size();
  }

  private boolean isExempt(InetAddress address) {
    for (AddressRange range : exempt) {
      if (range.contains(address)) {
        return true;
      }
    }
    return false;
  }

  private static long key(InetAddress address) {
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    return address instanceof Inet4Address
        ? IPV4 | Integer.toUnsignedLong(bytes.getInt())
        : bytes.getLong();
  }
}
