package io.earshot.netty.identity;

import io.earshot.AddressRange;
import io.earshot.Config;
import io.earshot.config.HostPattern;
import io.earshot.config.WebOrigin;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that the server answers to, and so the origins of its own pages. A page of a domain
 * that an attacker points at this server's address (DNS rebinding) is of the same origin as the
 * server for the browser, but it names the attacker's domain as the host.
 *
 * <p>Immutable.
 *
 * @param named the hosts of the setting {@code httpServer.hosts}
 * @param others the hosts of other settings, which are answered as well
 * @param isAny whether requests to any host are answered
 */
public record OwnHosts(List<HostPattern> named, List<HostPattern> others, boolean isAny) {

  /** The networks that are not part of the internet (the registries of RFC 6890). */
  private static final List<AddressRange> RESERVED =
      Stream.of(
              "0.0.0.0/8",
              "10.0.0.0/8",
              "100.64.0.0/10",
              "127.0.0.0/8",
              "169.254.0.0/16",
              "172.16.0.0/12",
              "192.0.0.0/24",
              "192.0.2.0/24",
              "192.168.0.0/16",
              "198.18.0.0/15",
              "198.51.100.0/24",
              "203.0.113.0/24",
              "240.0.0.0/4",
              "::/127",
              "2001:db8::/32",
              "fc00::/7",
              "fe80::/10")
          .map(AddressRange::of)
          .toList();

  /** Reads the settings. Looks at the addresses of this machine if that matters. */
  public static OwnHosts of(Config config) {
    List<String> hosts = config.httpServer().hosts();
    List<HostPattern> named =
        hosts.stream()
            .filter(each -> !each.equals("*"))
            .map(HostPattern::of)
            .flatMap(Stream::ofNullable)
            .toList();
    List<HostPattern> others =
        Stream.of(config.webSockets().allowedOrigins(), config.httpServer().corsOrigins())
            .flatMap(setting -> Origins.of(setting).named().stream())
            .map(WebOrigin::host)
            .toList();
    boolean isAny = hosts.isEmpty() ? isPublic(config.httpServer().bindIP()) : hosts.contains("*");
    return new OwnHosts(named, others, isAny);
  }

  /**
   * Whether the server answers to a host.
   *
   * @param host the host of a request, or null if it is not valid
   */
  public boolean serves(@Nullable HostPattern host) {
    return isAny
        || (host != null
            && (host.isAddress()
                || isLocal(host.host())
                || Stream.concat(named.stream(), others.stream())
                    .anyMatch(each -> each.matches(host.host()))));
  }

  /** Whether a name cannot be registered by an attacker: no public name server answers for it. */
  private static boolean isLocal(String name) {
    return name.indexOf('.') < 0
        || name.endsWith(".localhost")
        || name.endsWith(".local")
        || name.endsWith(".internal")
        || name.endsWith(".home.arpa");
  }

  /**
   * Whether the page that sent a request is one of this server's.
   *
   * @param origin the header {@code Origin}
   */
  public boolean isOwn(String origin, Addressed addressed, HttpHeaders headers) {
    WebOrigin page = WebOrigin.ofHeader(origin);
    if (page == null || headers.getAll(HttpHeaderNames.ORIGIN).size() != 1) {
      return false;
    }
    // Browsers set this header, and no page can. Not all of them do, and only for some URLs.
    String site = headers.get("sec-fetch-site");
    return "same-origin".equals(site)
        || addressed.isOriginOf(page, site != null)
        || isNamed(page, addressed);
  }

  /** Whether a page is of a host that the setting names, if a proxy hides the host or its port. */
  private boolean isNamed(WebOrigin page, Addressed addressed) {
    String host = page.host().host();
    boolean isWeb =
        addressed.scheme() == null
            ? page.scheme().equals("http") || page.scheme().equals("https")
            : page.scheme().equals(addressed.scheme());
    HostPattern seen = addressed.host();
    boolean isHidden =
        seen == null || seen.port() == HostPattern.NO_PORT || !seen.host().equals(host);
    return isWeb
        && named.stream()
            .filter(each -> each.matches(host))
            .anyMatch(
                each ->
                    each.port() == HostPattern.NO_PORT
                        ? isHidden
                        : each.port() == page.host().port());
  }

  /**
   * Whether clients on the internet reach the server at a local address, unless a router hides it.
   */
  private static boolean isPublic(String bindIp) {
    InetSocketAddress bound = bindIp.equals("*") ? null : new InetSocketAddress(bindIp, 0);
    if (bound != null && bound.isUnresolved()) {
      return false; // listening fails, and says why
    }
    if (bound != null && !bound.getAddress().isAnyLocalAddress()) {
      return isPublic(bound.getAddress());
    }
    try {
      // Many machines at home have a public IPv6 address, too.
      for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
        for (InetAddress address : Collections.list(each.getInetAddresses())) {
          if (address instanceof Inet4Address && isPublic(address)) {
            return true;
          }
        }
      }
      return false;
    } catch (SocketException e) {
      return true;
    }
  }

  /** Whether an address is one of the internet: of no private or reserved network. */
  static boolean isPublic(InetAddress address) {
    return RESERVED.stream().noneMatch(range -> range.contains(address));
  }
}
