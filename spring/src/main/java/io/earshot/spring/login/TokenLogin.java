package io.earshot.spring.login;

import io.earshot.Hooks;
import io.earshot.RefusedException;
import io.earshot.protocol.Json;
import java.net.URL;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/**
 * Accepts the tokens that the application's own decoder accepts, on every transport. The settings
 * {@code users} map the claims to the user.
 *
 * <p>Thread-safe: the decoder is.
 */
final class TokenLogin implements Hooks.LoginHook {
  private final JwtDecoder decoder;

  TokenLogin(JwtDecoder decoder) {
    this.decoder = decoder;
  }

  @Override
  public Json.Obj verify(String token) throws RefusedException {
    try {
      return (Json.Obj) Json.from(plain(decoder.decode(token).getClaims()));
    } catch (BadJwtException e) {
      throw new RefusedException("this token is not valid: " + e.getMessage());
    }
  }

  /** Claims with values that JSON has: times are seconds since 1970 again. */
  private static Map<String, Object> plain(Map<?, ?> claims) {
    var plain = new LinkedHashMap<String, Object>();
    claims.forEach((name, value) -> plain.put(String.valueOf(name), plain(value)));
    return plain;
  }

  private static Object plain(@Nullable Object value) {
    if (value instanceof Instant time) {
      return time.getEpochSecond();
    } else if (value instanceof Map<?, ?> map) {
      return plain(map);
    } else if (value instanceof List<?> list) {
      return list.stream().map(TokenLogin::plain).toList();
    } else if (value instanceof Number || value instanceof Boolean || value instanceof Json) {
      return value;
    }
    return value == null
        ? new Json.Null()
        : value instanceof URL url ? url.toString() : value.toString();
  }
}
