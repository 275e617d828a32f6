package io.earshot.netty.identity;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/** Reads the header {@code Authorization: Bearer TOKEN} (RFC 6750). */
public final class BearerToken {
  private static final String BEARER = "Bearer ";

  private BearerToken() {}

  /** The token; null if there is no such header. */
  public static @Nullable String of(HttpHeaders headers) {
    String header = headers.get(HttpHeaderNames.AUTHORIZATION);
    return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())
        ? header.substring(BEARER.length()).strip()
        : null;
  }
}
