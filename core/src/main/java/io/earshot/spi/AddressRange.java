package io.earshot.spi;

import java.net.InetAddress;

/**
 * The addresses that begin with the same bits; one address is a range of its own.
 *
 * <p>Immutable.
 *
 * @param start an address of the range
 * @param bits how many of its first bits all of them have
 */
public record AddressRange(InetAddress start, int bits) {

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
      int bits = slash < 0 ? length : Integer.parseInt(text.substring(slash + 1));
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
