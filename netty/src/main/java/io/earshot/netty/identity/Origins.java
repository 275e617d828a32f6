package io.earshot.netty.identity;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The origins whose pages have a permission: the server's own origin, and the origins that a
 * setting lists.
 *
 * <p>Immutable.
 *
 * @param named the origins besides the server's own; {@code *} for any
 */
public record Origins(List<String> named) {

  public boolean names(String origin) {
    return named.contains("*") || named.contains(origin);
  }

  /**
   * Whether pages of an origin are allowed.
   *
   * @param host the header {@code Host} of their request
   */
  public boolean allows(String origin, @Nullable String host) {
    return names(origin) || isOwn(origin, host);
  }

  /**
   * Whether an origin is this server.
   *
   * @param host the header {@code Host} of the request
   */
  public boolean isOwn(String origin, @Nullable String host) {
    try {
      String authority = URI.create(origin).getRawAuthority();
      return authority != null && authority.equalsIgnoreCase(host);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
