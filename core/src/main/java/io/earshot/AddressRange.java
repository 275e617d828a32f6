package io.earshot;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * The addresses that begin with the same bits; one address is a range of its own.
 *
 * <p>Immutable.
 *
 * @param start an address of the range
 * @param bits how many of its first bits all of them have
 */
public record AddressRange(InetAddress start, int bits) {

  /** How many bits stand before an IPv4 address that is written as IPv6 has it. */
  private static final int MAPPED_BITS = 96;

  /**
   * Reads a range.
   *
   * @param text an address ({@code 192.0.2.1}, {@code ::1}) or a range in CIDR notation ({@code
   *     10.0.0.0/8}); never a name, so that nobody is asked for it
   * @return the range
   * @throws IllegalArgumentException if it is neither; the message says what to write
   */
  public static AddressRange of(String text) {
    int slash = text.indexOf('/');
    try {
      InetAddress start = address(slash < 0 ? text : text.substring(0, slash));
      int length = start.getAddress().length * Byte.SIZE;
      // The JDK reads ::ffff:10.0.0.0 as the 10.0.0.0 that it is; its bits are counted in IPv6.
      int before = length == 32 && text.indexOf(':') >= 0 ? MAPPED_BITS : 0;
      int bits = slash < 0 ? length : Integer.parseInt(text.substring(slash + 1)) - before;
      if (bits >= 0 && bits <= length) {
        return new AddressRange(start, bits);
      }
    } catch (IllegalArgumentException e) {
      // As wrong as a number of bits that is too large.
    }
    throw new IllegalArgumentException(
        "'" + text + "' is no address; write one such as 192.0.2.1, or a range such as 10.0.0.0/8");
  }

  /**
   * The range of an address, begun at its first: equal for all addresses of it, and IPv4 where that
   * is only written as IPv6 ({@code ::ffff:192.0.2.1}).
   *
   * @param address an address of the range
   * @param bits how many of its first bits all of them have
   * @return the range
   */
  public static AddressRange of(InetAddress address, int bits) {
    byte[] all = address.getAddress();
    int first = bits;
    if (all.length == 16 && bits >= MAPPED_BITS && isMapped(all)) {
      all = Arrays.copyOfRange(all, MAPPED_BITS / Byte.SIZE, all.length);
      first -= MAPPED_BITS;
    }
    for (int i = 0; i < all.length; i++) {
      int kept = Math.clamp(first - (long) i * Byte.SIZE, 0, Byte.SIZE);
      all[i] &= (byte) (0xFF00 >> kept);
    }
    try {
      return new AddressRange(InetAddress.getByAddress(all), first);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of " + all.length + " bytes", e);
    }
  }

  private static boolean isMapped(byte[] ipv6) {
    for (int i = 0; i < 10; i++) {
      if (ipv6[i] != 0) {
        return false;
      }
    }
    return ipv6[10] == (byte) 0xFF && ipv6[11] == (byte) 0xFF;
  }

  /** As {@link #of(String)} reads it. */
  @Override
  public String toString() {
    String text = start.getHostAddress();
    return bits == start.getAddress().length * Byte.SIZE ? text : text + "/" + bits;
  }

  /**
   * Reads an address, in its full form; the JDK alone takes 10.1 for one too.
   *
   * @param text such as {@code 192.0.2.1} or {@code 2001:db8::1}
   * @return the address
   * @throws IllegalArgumentException if it is none
   */
  public static InetAddress address(String text) {
    if (text.indexOf(':') < 0 && text.chars().filter(c -> c == '.').count() != 3) {
      throw new IllegalArgumentException("'" + text + "' is no address");
    }
    return InetAddress.ofLiteral(text);
  }

  /**
   * Whether an address lies in the range.
   *
   * @param address the address
   * @return true if it does; IPv4 addresses lie in ranges of IPv4 only
   */
  public boolean contains(InetAddress address) {
    byte[] ours = start.getAddress();
    byte[] theirs = address.getAddress();
    if (ours.length != theirs.length) {
      return false;
    }
    int whole = bits / Byte.SIZE;
    for (int i = 0; i < whole; i++) {
      if (ours[i] != theirs[i]) {
        return false;
      }
    }
    int rest = bits % Byte.SIZE;
    return rest == 0 || ((ours[whole] ^ theirs[whole]) & 0xFF) >>> (Byte.SIZE - rest) == 0;
  }
}
