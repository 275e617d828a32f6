package io.earshot.access;

import io.earshot.Config;
import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.config.TokenKeys;
import io.earshot.protocol.Json;
import java.time.Instant;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes tokens from grants, and checks tokens.
 *
 * <p>Immutable.
 */
public final class Tokens {
  /** The end of the year 9999, in seconds since 1970. */
  private static final double LATEST = 253_402_300_799d;

  public static final String EXPIRED = "Error: this token has expired";

  /** For a token that is malformed, not signed with a known key, or without the required claims. */
  private static final String INVALID = "Error: this token is not valid";

  private final TokenKeys keys;

  Tokens(TokenKeys keys) {
    this.keys = keys;
  }

  /** Tokens with the keys of a configuration. */
  public static Tokens of(Config config) {
    return new Tokens(new TokenKeys(config.tokens().keys(), config.commonWeb().cookieSecret()));
  }

  /**
   * Makes a token, signed with the first key that can sign.
   *
   * @throws IllegalStateException if no key can sign
   */
  public String mint(Grant grant) {
    return keys.sign(claims(grant));
  }

  /** The claims of a grant's token. */
  public static Map<String, Object> claims(Grant grant) {
    var claims = new LinkedHashMap<String, Object>();
    claims.put("room", grant.rooms());
    claims.put("sub", grant.identity());
    claims.put(
        "can",
        grant.allowed().stream()
            .map(each -> each.name().toLowerCase(Locale.ROOT))
            .sorted()
            .toList());
    claims.put("exp", grant.until().getEpochSecond());
    return claims;
  }

  /**
   * Checks a token.
   *
   * @return the grant of the token
   * @throws RefusedException if the token is not valid, not valid yet, or has expired
   */
  public Grant check(String token, Instant now) throws RefusedException {
    Json.Obj claims = keys.claims(token);
    if (claims == null) {
      throw new RefusedException(INVALID);
    }
    try {
      if (now.isBefore(time(claims, "nbf", Instant.MIN))) {
        throw new RefusedException("Error: this token is not valid yet");
      }
      Grant grant = grant(claims);
      if (!now.isBefore(grant.until())) {
        throw new RefusedException(EXPIRED);
      }
      return grant;
    } catch (IllegalArgumentException e) {
      throw new RefusedException(INVALID);
    }
  }

  /**
   * Reads the grant from the claims of a token.
   *
   * @throws IllegalArgumentException if a claim is missing or malformed
   */
  public static Grant grant(Json.Obj claims) {
    var allowed = EnumSet.noneOf(Permission.class);
    if (claims.get("can") instanceof Json.Array(var items)) {
      for (Json item : items) {
        allowed.add(Permission.valueOf(String.valueOf(item.asText()).toUpperCase(Locale.ROOT)));
      }
    }
    if (claims.get("room") instanceof Json.Text(String rooms)
        && claims.get("sub") instanceof Json.Text(String identity)) {
      return new Grant(rooms, identity, allowed, time(claims, "exp", null));
    }
    throw new IllegalArgumentException("a claim is missing");
  }

  /** A claim that is a time in seconds since 1970; if it is missing, the given time or an error. */
  private static Instant time(Json.Obj claims, String name, @Nullable Instant otherwise) {
    Json time = claims.get(name);
    if (time == null && otherwise != null) {
      return otherwise;
    }
    if (time instanceof Json.Num(String seconds)) {
      return Instant.ofEpochSecond((long) Math.clamp(Double.parseDouble(seconds), 0, LATEST));
    }
    throw new IllegalArgumentException("the claim " + name + " is missing or not a number");
  }
}
