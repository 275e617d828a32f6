package io.earshot.backend.http;

import io.earshot.AddressRange;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Decides to which addresses requests may go: to public ones, and to those that a setting names. So
 * nobody who can choose a URL, or the address of its name, reaches services of the server's own
 * network, such as those that give out the credentials of a cloud.
 *
 * <p>Thread-safe: immutable.
 */
public final class AddressGuard {
  private static final List<AddressRange> PRIVATE =
      List.of(
              "0.0.0.0/8",
              "10.0.0.0/8",
              "100.64.0.0/10",
              "127.0.0.0/8",
              "169.254.0.0/16",
              "172.16.0.0/12",
              "192.0.0.0/24",
              "192.168.0.0/16",
              "198.18.0.0/15",
              "224.0.0.0/3",
              "::/127",
              "64:ff9b::/96",
              "64:ff9b:1::/48",
              "2002::/16",
              "fc00::/7",
              "fe80::/10",
              "fec0::/10",
              "ff00::/8")
          .stream()
          .map(AddressRange::of)
          .toList();

  private final List<AddressRange> allowed;

  /**
   * A guard.
   *
   * @param allowed the private addresses that are allowed, as addresses or ranges
   */
  public AddressGuard(List<String> allowed) {
    this.allowed = allowed.stream().map(AddressRange::of).toList();
  }

  /**
   * Checks all addresses of a URL's host. The JVM remembers them for the connection that follows.
   *
   * @throws BackEndException if the name has no address, or one that is not allowed
   */
  public void check(URI url) throws BackEndException {
    String host = url.getHost();
    InetAddress[] all;
    try {
      all = InetAddress.getAllByName(host);
    } catch (UnknownHostException e) {
      throw new BackEndException("the name " + host + " has no address");
    }
    for (InetAddress each : all) {
      if (!isAllowed(each)) {
        throw new BackEndException(
            "it is at "
                + each.getHostAddress()
                + ", which is not a public address (backEnds.privateAddresses)");
      }
    }
  }

  boolean isAllowed(InetAddress address) {
    InetAddress plain = plain(address);
    return allowed.stream().anyMatch(range -> range.contains(plain))
        || PRIVATE.stream().noneMatch(range -> range.contains(plain));
  }

  /** The address without the zone that an IPv6 address may have. */
  private static InetAddress plain(InetAddress address) {
    if (address instanceof Inet6Address) {
      try {
        return InetAddress.getByAddress(address.getAddress());
      } catch (UnknownHostException e) {
        throw new LinkageError("an address has 4 or 16 bytes", e);
      }
    }
    return address;
  }
}
