package io.earshot.config;

import java.net.IDN;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A host of a setting, with or without a port: {@code chat.example.org}, {@code
 * chat.example.org:8443}, {@code *.example.org} for all subdomains. Hosts are compared in their
 * normal form: lower case, without the dot at the end, international names in their ASCII form,
 * IPv6 addresses in one notation.
 *
 * <p>Immutable.
 *
 * @param host the host in its normal form, without {@code *.}
 * @param areSubdomains whether the subdomains of the host are meant, and not the host
 * @param port the port, or {@link #NO_PORT}
 */
public record HostPattern(String host, boolean areSubdomains, int port) {
  /** Stands for a port that is not given. */
  public static final int NO_PORT = -1;

  private static final Pattern AUTHORITY =
      Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[^\\[\\]:/?#@\\\\\\s]+)(?::(\\d{0,5}))?");

  /** What a domain of a URL may contain (WHATWG URL, 3.5), in lower case. */
  private static final Pattern NAME = Pattern.compile("[a-z0-9._!\"$&'()+,;=`{}~-]{1,253}");

  /** A name whose last label is a number, which makes it an address (WHATWG URL, 3.5). */
  private static final Pattern NUMBER = Pattern.compile("(?:.*\\.)?(?:\\d+|0x[0-9a-f]*)");

  private static final Pattern IPV4 =
      Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)");

  private static final String SUBDOMAINS = "*.";

  /**
   * Reads a host of a setting.
   *
   * @param text the host
   * @return the host; null if no request has such a host
   */
  public static @Nullable HostPattern of(String text) {
    boolean areSubdomains = text.startsWith(SUBDOMAINS);
    HostPattern exact = ofHeader(areSubdomains ? text.substring(SUBDOMAINS.length()) : text);
    if (exact == null || (areSubdomains && isAddress(exact.host))) {
      return null;
    }
    return new HostPattern(exact.host, areSubdomains, exact.port);
  }

  /**
   * Reads the header {@code Host}, or the authority of a URL.
   *
   * @param text a host, with or without a port
   * @return the host; null if it is not valid
   */
  public static @Nullable HostPattern ofHeader(String text) {
    Matcher matcher = AUTHORITY.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    String host = normal(matcher.group(1));
    String digits = matcher.group(2);
    int port = digits == null || digits.isEmpty() ? NO_PORT : Integer.parseInt(digits);
    return host == null || port == 0 || port > 65535 ? null : new HostPattern(host, false, port);
  }

  private static @Nullable String normal(String host) {
    try {
      if (host.startsWith("[")) {
        return AddressLiteral.parse(host.substring(1, host.length() - 1)).getHostAddress();
      }
      String ascii = IDN.toASCII(host, IDN.ALLOW_UNASSIGNED).toLowerCase(Locale.ROOT);
      String name = ascii.endsWith(".") ? ascii.substring(0, ascii.length() - 1) : ascii;
      boolean isNumber = NUMBER.matcher(name).matches();
      return NAME.matcher(name).matches() && (!isNumber || isAddress(name)) ? name : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static boolean isAddress(String host) {
    return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
  }

  /**
   * Whether the host is an IP address.
   *
   * @return false if it is a name
   */
  public boolean isAddress() {
    return isAddress(host);
  }

  /**
   * Whether a host is meant, whatever its port.
   *
   * @param other a host in its normal form
   * @return true if it is
   */
  public boolean matches(String other) {
    return areSubdomains
        ? other.length() > host.length() && other.endsWith("." + host)
        : other.equals(host);
  }
}
