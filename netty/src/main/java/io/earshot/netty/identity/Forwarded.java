package io.earshot.netty.identity;

import io.earshot.AddressRange;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that may forward the address of a client, and how the client addressed the server:
 * with the headers {@code X-Forwarded-For}, {@code -Proto}, {@code -Host} and {@code -Port}, or
 * with {@code Forwarded} (RFC 7239) if none of these is there.
 *
 * <p>Immutable.
 *
 * @param trusted the addresses of these proxies
 */
public record Forwarded(List<AddressRange> trusted) {
  private static final String FOR = "for";
  private static final String PROTO = "proto";
  private static final String HOST = "host";

  /** Headers that proxies add, and that no page can add to a request to another origin. */
  private static final List<String> OF_PROXIES =
      List.of(
          "x-forwarded-for",
          "x-forwarded-proto",
          "x-forwarded-host",
          "x-forwarded-port",
          "forwarded",
          "x-real-ip",
          "via");

  /** A parameter of the header {@code Forwarded}; the separator before it is the first group. */
  private static final Pattern PARAMETER =
      Pattern.compile("([,;]?)\\s*([\\w-]+)=(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^\\s,;\"]*))\\s*");

  /**
   * The client of a request, as far as it is known.
   *
   * @param address the client's address as far as it is known; the port is 0 if a proxy forwards it
   * @param isForwarded whether a trusted proxy sent the request, as its headers show
   * @param isProxied whether a proxy sent the request, trusted or not, as its headers show
   * @param scheme the scheme that the client used, {@code http} or {@code https}, if a trusted
   *     proxy says it; otherwise null
   * @param host the host that the client named, and its port; null if there is none
   * @param port the port that the client used, if a trusted proxy says it; otherwise null
   */
  public record Origin(
      InetSocketAddress address,
      boolean isForwarded,
      boolean isProxied,
      @Nullable String scheme,
      @Nullable String host,
      @Nullable String port) {

    /** Whether a proxy says that its client uses TLS. */
    public boolean overTls() {
      return "https".equals(scheme);
    }
  }

  /** Reads the setting {@code httpServer.trustedProxies}. */
  public static Forwarded of(List<String> trustedProxies) {
    return new Forwarded(trustedProxies.stream().map(AddressRange::of).toList());
  }

  /**
   * Finds the client: goes from the socket's address to the last forwarded address, and to the one
   * before it, as long as the current address is a trusted proxy. Addresses that a client wrote
   * into the header itself are further to the left, and are never reached. Of scheme, host and port
   * the last value counts, which the proxy in front of this server wrote.
   *
   * @param socket the address of the connection
   * @param headers the headers of the request
   */
  public Origin origin(InetSocketAddress socket, HttpHeaders headers) {
    String host = headers.get(HttpHeaderNames.HOST);
    boolean isForwarded = isProxied(headers);
    if (!isTrusted(socket.getAddress())) {
      return new Origin(socket, false, isForwarded, null, host, null);
    }
    boolean isStandard =
        headers.contains("forwarded")
            && !headers.contains("x-forwarded-for")
            && !headers.contains("x-forwarded-proto")
            && !headers.contains("x-forwarded-host");
    List<String> told = isStandard ? parameters(headers, FOR) : values(headers, "x-forwarded-for");
    InetAddress client = socket.getAddress();
    for (int i = told.size() - 1; i >= 0 && isTrusted(client); i--) {
      InetAddress next = address(told.get(i));
      if (next == null) {
        break; // the proxy does not know the address
      }
      client = next;
    }
    String scheme =
        last(isStandard ? parameters(headers, PROTO) : values(headers, "x-forwarded-proto"));
    String named =
        last(isStandard ? parameters(headers, HOST) : values(headers, "x-forwarded-host"));
    return new Origin(
        client.equals(socket.getAddress()) ? socket : new InetSocketAddress(client, 0),
        isForwarded, // if not, a program beside the proxy may have sent it, such as a browser
        true,
        scheme == null ? null : scheme(scheme),
        named == null || named.isEmpty() ? host : named,
        last(values(headers, "x-forwarded-port")));
  }

  /** Whether a proxy sent a request, trusted or not, as its headers show. */
  public static boolean isProxied(HttpHeaders headers) {
    return OF_PROXIES.stream().anyMatch(headers::contains);
  }

  private static @Nullable String last(List<String> values) {
    return values.isEmpty() ? null : values.getLast();
  }

  private static @Nullable String scheme(String proto) {
    return switch (proto.toLowerCase(Locale.ROOT)) {
      case "https", "wss" -> "https";
      case "http", "ws" -> "http";
      default -> null;
    };
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

  /**
   * The values of a parameter of {@code Forwarded}, one for each proxy; empty for a proxy that does
   * not give it.
   */
  private static List<String> parameters(HttpHeaders headers, String name) {
    var values = new ArrayList<String>();
    for (String line : headers.getAll("forwarded")) {
      values.add("");
      Matcher parameter = PARAMETER.matcher(line);
      while (parameter.lookingAt()) {
        if (parameter.group(1).equals(",")) {
          values.add("");
        }
        if (parameter.group(2).equalsIgnoreCase(name)) {
          String quoted = parameter.group(3);
          values.set(
              values.size() - 1,
              quoted == null ? parameter.group(4) : quoted.replaceAll("\\\\(.)", "$1"));
        }
        parameter.region(parameter.end(), line.length());
      }
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
