package io.earshot.netty.identity;

import static java.util.stream.Collectors.toMap;

import io.earshot.spi.ConnectRequest;
import io.earshot.token.SignedToken;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP request by which a client connects, and the token by which it logs in: that of the header
 * {@code Authorization}, of the query, or of a cookie, whichever is found first.
 *
 * <p>Immutable; the headers are not changed after they were read.
 *
 * @param trustsCookies whether cookies count; not if a page of another origin sent the request
 */
public record ClientRequest(
    HttpHeaders fields, String uri, @Nullable String loginToken, boolean trustsCookies)
    implements ConnectRequest {

  /**
   * Reads a request.
   *
   * @param cookie the name of the cookie with a login; empty for none
   * @param namesRoom whether the URL is that of a room, whose token may be a room's
   * @param readsQuery whether the query may have the token
   */
  public static ClientRequest of(
      HttpRequest request,
      String cookie,
      boolean trustsCookies,
      boolean namesRoom,
      boolean readsQuery) {
    HttpHeaders headers = request.headers();
    String token =
        Stream.of(BearerToken.of(headers), readsQuery ? ofQuery(request.uri()) : null)
            .filter(Objects::nonNull)
            .filter(
                shown ->
                    switch (SignedToken.kind(shown)) {
                      case LOGIN -> true;
                      case ROOM -> false;
                      case NEITHER -> !namesRoom; // else the room refuses it
                    })
            .findFirst()
            .orElse(null);
    if (token == null && !cookie.isEmpty() && trustsCookies) {
      token = Identity.cookies(headers).getOrDefault(cookie, List.of("")).getFirst();
    }
    return new ClientRequest(
        headers, request.uri(), token == null || token.isEmpty() ? null : token, trustsCookies);
  }

  private static @Nullable String ofQuery(String uri) {
    return uri.contains("token=") ? query(uri).getOrDefault("token", List.of("")).getFirst() : null;
  }

  private static Map<String, List<String>> query(String uri) {
    try {
      return new QueryStringDecoder(uri).parameters();
    } catch (IllegalArgumentException e) {
      return Map.of(); // a percent sign that encodes nothing
    }
  }

  @Override
  public Map<String, List<String>> headers() {
    var all = new LinkedHashMap<String, List<String>>();
    for (String name : fields.names()) {
      all.putIfAbsent(name.toLowerCase(Locale.ROOT), fields.getAll(name));
    }
    return all;
  }

  @Override
  public Map<String, String> cookies() {
    return trustsCookies
        ? Identity.cookies(fields).entrySet().stream()
            .collect(toMap(Map.Entry::getKey, each -> each.getValue().getFirst()))
        : Map.of();
  }

  @Override
  public Map<String, List<String>> query() {
    return query(uri);
  }

  /** Does not show the token. */
  @Override
  public String toString() {
    return "a request to " + new QueryStringDecoder(uri).rawPath();
  }
}
