package io.earshot.netty.identity;

import io.earshot.AddressRange;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that may forward the address of a client.
 *
 * <p>Immutable.
 *
 * @param trusted the addresses of these proxies
 */
public record Forwarded(List<AddressRange> trusted) {

  /**
   * The client of a request, as far as it is known.
   *
   * @param address the client's address as far as it is known; the port is 0 if a proxy forwards it
   * @param overTls whether a proxy says that its client uses TLS
   */
  public record Origin(InetSocketAddress address, boolean overTls) {}

  /** Reads the setting {@code httpServer.trustedProxies}. */
  public static Forwarded of(List<String> trustedProxies) {
    return new Forwarded(trustedProxies.stream().map(AddressRange::of).toList());
  }

  /**
   * Finds the client: goes from the socket's address to the last forwarded address, and to the one
   * before it, as long as the current address is a trusted proxy. Addresses that a client wrote
   * into the header itself are further to the left, and are never reached.
   *
   * @param socket the address of the connection
   * @param headers the headers of the request
   */
  public Origin origin(InetSocketAddress socket, HttpHeaders headers) {
    if (!isTrusted(socket.getAddress())) {
      return new Origin(socket, false);
    }
    List<String> told = values(headers, "x-forwarded-for");
    InetAddress client = socket.getAddress();
    for (int i = told.size() - 1; i >= 0 && isTrusted(client); i--) {
      InetAddress next = address(told.get(i));
      if (next == null) {
        break; // the proxy does not know the address
      }
      client = next;
    }
    List<String> protocols = values(headers, "x-forwarded-proto");
    return new Origin(
        client.equals(socket.getAddress()) ? socket : new InetSocketAddress(client, 0),
        !protocols.isEmpty() && protocols.getLast().equalsIgnoreCase("https"));
  }

  private boolean isTrusted(InetAddress address) {
    for (AddressRange range : trusted) {
      if (range.contains(address)) {
        return true;
      }
    }
    return false;
  }

  /** A header's values, however many lines they are spread over. */
  private static List<String> values(HttpHeaders headers, String name) {
    var values = new ArrayList<String>();
    for (String line : headers.getAll(name)) {
      Arrays.stream(line.split(",", -1)).map(String::strip).forEach(values::add);
    }
    return values;
  }

  /** An address, with or without a port: {@code 192.0.2.1:5678}, {@code [::1]:5678}. */
  private static @Nullable InetAddress address(String text) {
    String address = text;
    int colon = text.indexOf(':');
    if (text.startsWith("[") && text.contains("]")) {
      address = text.substring(1, text.indexOf(']'));
    } else if (colon >= 0 && colon == text.lastIndexOf(':')) {
      address = text.substring(0, colon);
    }
    try {
      return AddressRange.address(address);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
