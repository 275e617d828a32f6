package io.earshot.netty.identity;

import io.earshot.config.WebOrigin;
import java.util.List;

/**
 * The origins whose pages have a permission, besides the server's own, as a setting lists them.
 *
 * <p>Immutable.
 *
 * @param isAny whether the pages of any origin have it
 * @param named the origins that are named
 */
public record Origins(boolean isAny, List<WebOrigin> named) {
  private static final String ANY = "*";

  /**
   * Reads a setting.
   *
   * @throws IllegalArgumentException if no page has such an origin
   */
  public static Origins of(List<String> setting) {
    return new Origins(
        setting.contains(ANY),
        setting.stream().filter(each -> !each.equals(ANY)).map(WebOrigin::ofSetting).toList());
  }

  /** Whether the setting is empty. */
  public boolean isEmpty() {
    return !isAny && named.isEmpty();
  }

  /** Whether the setting allows an origin, which it may do without naming it. */
  public boolean allows(String origin) {
    return isAny || names(origin);
  }

  /** Whether the setting names an origin, or the domain that it belongs to. */
  public boolean names(String origin) {
    WebOrigin page = WebOrigin.ofHeader(origin);
    return page != null && named.stream().anyMatch(each -> each.matches(page));
  }
}
