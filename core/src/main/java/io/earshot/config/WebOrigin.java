package io.earshot.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The origin of pages (RFC 6454): scheme, host and port. In a setting, {@code
 * https://*.example.org} stands for the origins of all subdomains. Two origins are the same if
 * their normal forms are: scheme and host in lower case, and the default port of the scheme if none
 * is written.
 *
 * <p>Immutable.
 *
 * @param scheme the scheme in lower case
 * @param host the host; its port is {@link HostPattern#NO_PORT} only for a scheme without a default
 */
public record WebOrigin(String scheme, HostPattern host) {
  private static final Pattern ORIGIN = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*)://(\\S+)");

  /**
   * Reads the header {@code Origin}.
   *
   * @param text its value
   * @return the origin; null if it is no origin, such as {@code null}
   */
  public static @Nullable WebOrigin ofHeader(String text) {
    Matcher matcher = ORIGIN.matcher(text);
    return matcher.matches() ? of(matcher.group(1), HostPattern.ofHeader(matcher.group(2))) : null;
  }

  /**
   * Reads an origin of a setting.
   *
   * @param text the origin
   * @return the origin
   * @throws IllegalArgumentException if no page has such an origin; the message says why
   */
  public static WebOrigin ofSetting(String text) {
    Matcher matcher = ORIGIN.matcher(text);
    if (!matcher.matches()) {
      throw noOrigin(text);
    }
    String scheme = matcher.group(1).toLowerCase(Locale.ROOT);
    if (scheme.equals("ws") || scheme.equals("wss")) {
      throw never(text, "the origin of a page begins with http:// or https://");
    }
    String host = matcher.group(2);
    if (host.lastIndexOf('*') > 0 || (host.startsWith("*") && !host.startsWith("*."))) {
      throw never(
          text, "* stands for all subdomains, as in https://*.example.org, or for any origin");
    }
    WebOrigin origin = of(scheme, HostPattern.of(host));
    if (origin == null) {
      throw noOrigin(text);
    }
    return origin;
  }

  private static IllegalArgumentException noOrigin(String text) {
    return new IllegalArgumentException(
        "'" + text + "' is not an origin; write it like https://chat.example.org");
  }

  private static IllegalArgumentException never(String text, String why) {
    return new IllegalArgumentException("'" + text + "' can never match: " + why);
  }

  private static @Nullable WebOrigin of(String scheme, @Nullable HostPattern host) {
    if (host == null) {
      return null;
    }
    String lower = scheme.toLowerCase(Locale.ROOT);
    int port = host.port() == HostPattern.NO_PORT ? defaultPort(lower) : host.port();
    return new WebOrigin(lower, new HostPattern(host.host(), host.areSubdomains(), port));
  }

  private static int defaultPort(String scheme) {
    return switch (scheme) {
      case "http" -> 80;
      case "https" -> 443;
      default -> HostPattern.NO_PORT;
    };
  }

  /**
   * Whether the port is the one that URLs of the scheme leave out.
   *
   * @return false if URLs have to name the port
   */
  public boolean hasDefaultPort() {
    return host.port() == defaultPort(scheme);
  }

  /**
   * Whether this origin of a setting stands for the origin of a page.
   *
   * @param page the origin of a page
   * @return true if it does
   */
  public boolean matches(WebOrigin page) {
    return scheme.equals(page.scheme)
        && host.port() == page.host.port()
        && host.matches(page.host.host());
  }
}
