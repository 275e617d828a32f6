package io.earshot.spi;

import io.earshot.AddressRange;
import io.earshot.Config;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Stream;

/**
 * A counter for each client address, with a limit, so that no address uses up the server. An IPv6
 * address counts by its first 64 bits: that is the smallest network that a customer gets. Addresses
 * whose count is 0 take no memory.
 *
 * <p>Thread-safe: a concurrent map.
 */
public final class PerAddress {
  /** The upper half of the keys of IPv4 addresses; no public IPv6 network begins with it. */
  private static final long IPV4 = 0xFFFFL << Integer.SIZE;

  private final int most;
  private final List<AddressRange> exempt;
  private final ConcurrentMap<Long, Integer> counts = new ConcurrentHashMap<>();

  /**
   * All counters are 0.
   *
   * @param most the limit for each address; 0 for no limit
   * @param exempt the addresses that have no limit
   */
  public PerAddress(int most, List<AddressRange> exempt) {
    this.most = most;
    this.exempt = List.copyOf(exempt);
  }

  /**
   * The addresses without limits: those that the settings exempt, and trusted proxies.
   *
   * @param config the settings
   * @return the addresses
   */
  public static List<AddressRange> exempt(Config config) {
    return Stream.of(config.limits().exemptAddresses(), config.httpServer().trustedProxies())
        .flatMap(List::stream)
        .map(AddressRange::of)
        .toList();
  }

  /**
   * Adds 1 to an address's counter, unless it has reached the limit.
   *
   * @param address the address
   * @return whether 1 was added; then the caller calls {@link #leave} later
   */
  public boolean enters(InetAddress address) {
    if (most == 0 || isExempt(address)) {
      return true;
    }
    Long key = key(address);
    while (true) {
      Integer had = counts.get(key);
      if (had == null) {
        if (counts.putIfAbsent(key, 1) == null) {
          return true;
        }
      } else if (had >= most) {
        return false;
      } else if (counts.replace(key, had, had + 1)) {
        return true;
      }
    }
  }

  /**
   * Subtracts 1 from an address's counter.
   *
   * @param address the address
   */
  public void leave(InetAddress address) {
    if (most != 0 && !isExempt(address)) {
      counts.computeIfPresent(key(address), (ignored, had) -> had == 1 ? null : had - 1);
    }
  }

  /**
   * How many addresses have a count above 0.
   *
   * @return the number of addresses
   */
  public int size() {
    return counts.size();
  }

  /**
   * Whether an address has no limit.
   *
   * @param address the address
   * @return true if the address is not counted
   */
  public boolean isExempt(InetAddress address) {
    for (AddressRange range : exempt) {
      if (range.contains(address)) {
        return true;
      }
    }
    return false;
  }

  /**
   * The key of an address's counter.
   *
   * @param address the address
   * @return the same number for all addresses that share a counter
   */
  public static long key(InetAddress address) {
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    return address instanceof Inet4Address
        ? IPV4 | Integer.toUnsignedLong(bytes.getInt())
        : bytes.getLong();
  }
}
