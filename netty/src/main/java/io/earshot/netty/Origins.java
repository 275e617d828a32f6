package io.earshot.netty;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The origins whose pages may do something: the server's own, and those that a setting names.
 *
 * <p>Immutable.
 *
 * @param named the origins besides the server's own; {@code *} for any
 */
record Origins(List<String> named) {

  boolean names(String origin) {
    return named.contains("*") || named.contains(origin);
  }

  /** Whether pages of an origin may, if they talk to the server under this name. */
  boolean allows(String origin, @Nullable String host) {
    return names(origin) || isOwn(origin, host);
  }

  /** Whether an origin is the server itself, to a page that talks to it under this name. */
  boolean isOwn(String origin, @Nullable String host) {
    try {
      String authority = URI.create(origin).getRawAuthority();
      return authority != null && authority.equalsIgnoreCase(host);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
