package io.earshot;

import io.earshot.config.AddressLiteral;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * The IP addresses with a common prefix. A single address is a range, too.
 *
 * <p>Immutable.
 *
 * @param start an address of the range
 * @param bits the length of the common prefix, in bits
 */
public record AddressRange(InetAddress start, int bits) {

  /** The bits before the IPv4 address in an IPv4-mapped IPv6 address. */
  private static final int MAPPED_BITS = 96;

  /**
   * Reads a range.
   *
   * @param text an address ({@code 192.0.2.1}, {@code ::1}) or a range in CIDR notation ({@code
   *     10.0.0.0/8}); never a host name, so that no name service is asked
   * @return the range
   * @throws IllegalArgumentException if the text is neither; the message says what to write
   */
  public static AddressRange of(String text) {
    int slash = text.indexOf('/');
    try {
      InetAddress start = address(slash < 0 ? text : text.substring(0, slash));
      int length = start.getAddress().length * Byte.SIZE;
      // The JDK reads ::ffff:10.0.0.0 as 10.0.0.0, but its prefix length counts IPv6 bits.
      int before = length == 32 && text.indexOf(':') >= 0 ? MAPPED_BITS : 0;
      int bits = slash < 0 ? length : Integer.parseInt(text.substring(slash + 1)) - before;
      if (bits >= 0 && bits <= length) {
        return new AddressRange(start, bits);
      }
    } catch (IllegalArgumentException e) {
      // refused below, like a prefix length that is too large
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is not an address; write one such as 192.0.2.1, or a range such as 10.0.0.0/8");
  }

  /**
   * The range that an address is in, in a normal form: equal for all addresses of the range. An
   * IPv4-mapped IPv6 address ({@code ::ffff:192.0.2.1}) counts as IPv4.
   *
   * @param address an address of the range
   * @param bits the length of the common prefix, in bits
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

  /** The range as {@link #of(String)} reads it. */
  @Override
  public String toString() {
    String text = start.getHostAddress();
    return bits == start.getAddress().length * Byte.SIZE ? text : text + "/" + bits;
  }

  /**
   * Reads an address in its full form. Short forms such as 10.1, which the JDK accepts, are
   * refused.
   *
   * @param text such as {@code 192.0.2.1} or {@code 2001:db8::1}
   * @return the address
   * @throws IllegalArgumentException if the text is not an address
   */
  public static InetAddress address(String text) {
    if (text.indexOf(':') < 0 && text.chars().filter(c -> c == '.').count() != 3) {
      throw new IllegalArgumentException("'" + text + "' is not an address");
    }
    return AddressLiteral.parse(text);
  }

  /**
   * Whether an address lies in the range.
   *
   * @param address the address
   * @return true if it does; an IPv4 address never lies in an IPv6 range
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
