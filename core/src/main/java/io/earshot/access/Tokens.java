package io.earshot.access;

import io.earshot.Config;
import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.config.ServerSecret;
import io.earshot.protocol.Json;
import io.earshot.token.InvalidTokenException;
import io.earshot.token.SignedToken;
import io.earshot.token.TokenClaims;
import io.earshot.token.TokenKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Makes tokens from grants, and checks tokens.
 *
 * <p>Immutable.
 */
public final class Tokens {
  /** For a client whose token has expired since it was checked. */
  public static final String EXPIRED = "Error: this token has expired";

  private final TokenKeys keys;

  /** See {@link TokenClaims#checkTime}. */
  private final Duration leeway;

  /** Tokens whose claim {@code nbf} counts as it is. */
  Tokens(TokenKeys keys) {
    this(keys, Duration.ZERO);
  }

  private Tokens(TokenKeys keys, Duration leeway) {
    this.keys = keys;
    this.leeway = leeway;
  }

  /** Tokens with the keys of a configuration. */
  public static Tokens of(Config config) {
    return of(config, new ServerSecret(config.commonWeb().cookieSecret()));
  }

  /** The same with the secret of a server. */
  static Tokens of(Config config, ServerSecret secret) {
    return of(config, new TokenKeys(config.tokens().keys(), secret));
  }

  /** The same with the keys of a server. */
  public static Tokens of(Config config, TokenKeys keys) {
    return new Tokens(keys, config.tokens().leeway());
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
   * @throws RefusedException if the token is not valid, not valid yet, or has expired; the message
   *     says why
   */
  public Grant check(String token, Instant now) throws RefusedException {
    try {
      SignedToken signed = SignedToken.parse(token);
      TokenClaims claims = keys.now().verify(signed);
      if (!signed.isForRoom()) {
        throw new InvalidTokenException(
            "this token is a login; a token for a room has the claims room and can");
      }
      claims.checkTime(now, leeway);
      return grant(claims);
    } catch (InvalidTokenException e) {
      throw new RefusedException("Error: " + e.words());
    }
  }

  private static Grant grant(TokenClaims claims) throws InvalidTokenException {
    claims.text("room");
    claims.text("sub");
    try {
      return grant(claims.json());
    } catch (IllegalArgumentException e) {
      throw new InvalidTokenException("this token is not valid: " + e.getMessage());
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
        allowed.add(permission(item));
      }
    }
    if (claims.get("room") instanceof Json.Text(String rooms)
        && claims.get("sub") instanceof Json.Text(String identity)) {
      return new Grant(rooms, identity, allowed, expiry(claims));
    }
    throw new IllegalArgumentException("its claims room and sub must be texts");
  }

  private static Permission permission(Json item) {
    try {
      return Permission.valueOf(String.valueOf(item.asText()).toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("its claim can lists join, say and listen", e);
    }
  }

  private static Instant expiry(Json.Obj claims) {
    try {
      return new TokenClaims(claims).expiry();
    } catch (InvalidTokenException e) {
      throw new IllegalArgumentException(e.words(), e);
    }
  }
}
