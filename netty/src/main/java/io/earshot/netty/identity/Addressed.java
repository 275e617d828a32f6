package io.earshot.netty.identity;

import io.earshot.config.HostPattern;
import io.earshot.config.WebOrigin;
import org.jspecify.annotations.Nullable;

/**
 * How the client addressed the server, as far as it is known: what its browser has in the address
 * bar. A trusted proxy forwards it; of other proxies only the header {@code Host} is known.
 *
 * <p>Immutable.
 *
 * @param scheme {@code http} or {@code https}; null if it is unknown, since a proxy that is not
 *     trusted may use TLS
 * @param host the host, and its port if the client named one; null if there is no valid one
 * @param isDefaultPort whether a host without a port means the default port of the scheme. If not,
 *     a proxy may have left the port out, and it is unknown
 * @param isServed whether the server answers requests to this host
 */
public record Addressed(
    @Nullable String scheme, @Nullable HostPattern host, boolean isDefaultPort, boolean isServed) {

  /**
   * Whether a page comes from the address that its request goes to.
   *
   * @param page the origin of the page
   * @param hasForeignSite whether the browser says that the page is of another origin
   */
  boolean isOriginOf(WebOrigin page, boolean hasForeignSite) {
    if (host == null || !host.host().equals(page.host().host()) || !isSchemeOf(page)) {
      return false;
    }
    if (host.port() != HostPattern.NO_PORT) {
      return host.port() == page.host().port();
    }
    return isDefaultPort ? page.hasDefaultPort() : page.hasDefaultPort() || !hasForeignSite;
  }

  private boolean isSchemeOf(WebOrigin page) {
    return scheme == null
        ? page.scheme().equals("http") || page.scheme().equals("https")
        : scheme.equals(page.scheme());
  }
}
