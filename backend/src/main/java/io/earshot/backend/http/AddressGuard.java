package io.earshot.backend.http;

import io.earshot.AddressRange;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Decides to which addresses requests may go: to public ones, and to those that a setting names. So
 * nobody who can choose a URL, or the address of its name, reaches services of the server's own
 * network, such as those that give out the credentials of a cloud.
 *
 * <p>Immutable.
 */
final class AddressGuard {
  private static final List<AddressRange> PRIVATE =
      Stream.of(
              "0.0.0.0/8",
              "10.0.0.0/8",
              "100.64.0.0/10",
              "127.0.0.0/8",
              "168.63.129.16", // the metadata of Azure
              "169.254.0.0/16",
              "172.16.0.0/12",
              "192.0.0.0/24",
              "192.168.0.0/16",
              "198.18.0.0/15",
              "224.0.0.0/3",
              "::/96",
              "64:ff9b:1::/48",
              "2001::/32", // Teredo, with an IPv4 address inside
              "2002::/16", // 6to4, as well
              "fc00::/7",
              "fe80::/10",
              "fec0::/10",
              "ff00::/8")
          .map(AddressRange::of)
          .toList();

  /** The addresses by which a network without IPv4 reaches those of IPv4: the last four bytes. */
  private static final AddressRange TRANSLATED = AddressRange.of("64:ff9b::/96");

  private final List<AddressRange> allowed;

  /**
   * A guard.
   *
   * @param allowed the private addresses that are allowed, as addresses or ranges
   */
  AddressGuard(List<String> allowed) {
    this.allowed = allowed.stream().map(AddressRange::of).toList();
  }

  /**
   * Checks all addresses of a host. May ask a name service, which may take long. The JVM remembers
   * the addresses for the connection that follows.
   *
   * @param host a name or an address
   * @throws BackEndException if the name has no address, or one that is not allowed
   */
  void check(String host) throws BackEndException {
    InetAddress[] all;
    try {
      all = InetAddress.getAllByName(host);
    } catch (UnknownHostException | IllegalArgumentException e) {
      throw BackEndException.away("the name " + host + " has no address");
    }
    for (InetAddress each : all) {
      if (!isAllowed(each)) {
        throw BackEndException.away(
            "it is at "
                + each.getHostAddress()
                + ", which is not a public address; if requests may go there, add it to"
                + " backEnds.privateAddresses");
      }
    }
  }

  boolean isAllowed(InetAddress address) {
    InetAddress plain = of(address.getAddress());
    if (allowed.stream().anyMatch(range -> range.contains(plain))) {
      return true;
    }
    return TRANSLATED.contains(plain)
        ? isAllowed(of(Arrays.copyOfRange(plain.getAddress(), 12, 16)))
        : PRIVATE.stream().noneMatch(range -> range.contains(plain));
  }

  /** An address without the zone that one of IPv6 may have. A mapped one becomes one of IPv4. */
  private static InetAddress of(byte[] address) {
    try {
      return InetAddress.getByAddress(address);
    } catch (UnknownHostException e) {
      throw new LinkageError("an address has 4 or 16 bytes", e);
    }
  }
}
