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
 * Whom to believe where a request is from, when proxies stand in between.
 *
 * <p>Immutable.
 *
 * @param trusted the proxies that tell the truth
 */
public record Forwarded(List<AddressRange> trusted) {

  /**
   * Where a request is from.
   *
   * @param address the client, as far as it is known; its port is 0 where a proxy told it
   * @param overTls whether a proxy says that the client came to it over TLS
   */
  public record Origin(InetSocketAddress address, boolean overTls) {}

  /** Reads the setting {@code httpServer.trustedProxies}. */
  public static Forwarded of(List<String> trustedProxies) {
    return new Forwarded(trustedProxies.stream().map(AddressRange::of).toList());
  }

  /**
   * Finds the client: from the socket backwards, as long as it is a trusted proxy that tells the
   * next. What others wrote into the headers is further to the left, and never reached.
   *
   * @param socket where the connection is from
   * @param headers what the request says
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
        break; // the proxy does not know, or says so in words of its own
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
