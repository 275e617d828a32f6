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
 * How many of something each address has, so that nobody takes up a server alone. An IPv6 address
 * counts by its first 64 bits, of which a customer has one at least. Only addresses that have some
 * are kept.
 *
 * <p>Thread-safe: it is a concurrent map.
 */
public final class PerAddress {
  /** What IPv4 addresses begin with here, where no IPv6 address does. */
  private static final long IPV4 = 0xFFFFL << Integer.SIZE;

  private final int most;
  private final List<AddressRange> exempt;
  private final ConcurrentMap<Long, Integer> counts = new ConcurrentHashMap<>();

  /**
   * Nothing of anybody yet.
   *
   * @param most how many an address may have; 0 for any number
   * @param exempt the addresses that may have any number
   */
  public PerAddress(int most, List<AddressRange> exempt) {
    this.most = most;
    this.exempt = List.copyOf(exempt);
  }

  /**
   * Who may do as much as they like: those whom the settings exempt, and proxies.
   *
   * @param config the settings
   * @return their addresses
   */
  public static List<AddressRange> exempt(Config config) {
    return Stream.of(config.limits().exemptAddresses(), config.httpServer().trustedProxies())
        .flatMap(List::stream)
        .map(AddressRange::of)
        .toList();
  }

  /**
   * Counts one more, unless there are too many.
   *
   * @param address whose it is
   * @return whether it may be; then {@link #leave} has to follow when it is gone
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
   * One that entered is gone.
   *
   * @param address whose it was
   */
  public void leave(InetAddress address) {
    if (most != 0 && !isExempt(address)) {
      counts.computeIfPresent(key(address), (_, had) -> had == 1 ? null : had - 1);
    }
  }

  /**
   * How many addresses are kept.
   *
   * @return those that have some now
   */
  public int size() {
    return counts.size();
  }

  /**
   * Whether an address may have any number.
   *
   * @param address the address
   * @return true if it is not counted
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
   * By what an address counts.
   *
   * @param address the address
   * @return the same for all addresses that count as one
   */
  public static long key(InetAddress address) {
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    return address instanceof Inet4Address
        ? IPV4 | Integer.toUnsignedLong(bytes.getInt())
        : bytes.getLong();
  }
}
