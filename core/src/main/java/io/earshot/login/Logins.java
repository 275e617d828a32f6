package io.earshot.login;

import io.earshot.Config;
import io.earshot.RefusedException;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Login;
import io.earshot.spi.VerifiedLogin;
import io.earshot.token.InvalidTokenException;
import io.earshot.token.KeySet;
import io.earshot.token.SignedToken;
import io.earshot.token.TokenClaims;
import io.earshot.token.TokenKeys;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Checks the tokens by which clients log in, and maps their claims to users by the settings {@code
 * users}.
 *
 * <p>Thread-safe: immutable, apart from the keys of another issuer, which are thread-safe.
 */
public final class Logins {
  private static final String NOT_VALID = "this token is not valid: ";
  private static final String FOR_ROOM =
      NOT_VALID + "it is for a room, and a login has no claim room";

  private final Config.Users settings;
  private final Duration leeway;
  private final TokenKeys keys;
  private final @Nullable Jwks jwks;
  private final InstantSource clock;
  private final LoginHooks hooks;

  /**
   * Checks logins.
   *
   * @param keys the keys of this server
   * @param jwks the keys of another issuer, or null
   * @param clock the clock for the times of tokens
   * @param hooks the program's own ways to verify tokens
   */
  public Logins(
      Config config, TokenKeys keys, @Nullable Jwks jwks, InstantSource clock, LoginHooks hooks) {
    this.settings = config.users();
    this.leeway = config.tokens().leeway();
    this.keys = keys;
    this.jwks = jwks;
    this.clock = clock;
    this.hooks = hooks;
  }

  /** Whether each client has to log in. */
  public boolean isRequired() {
    return settings.required();
  }

  /** How many connections one user may have. */
  public int connectionsPerUser() {
    return settings.connections();
  }

  /** The hooks of the program that verify tokens. */
  public LoginHooks hooks() {
    return hooks;
  }

  /**
   * Checks a token. Does not wait.
   *
   * @return the login, completed at once unless hooks or another issuer are asked; then on any
   *     thread, within the time limit for that. Failed with a {@link RefusedException} whose
   *     message says why
   */
  public CompletableFuture<VerifiedLogin> check(String token) {
    return hooks.isEmpty()
        ? checkByKeys(token)
        : hooks
            .ask(token)
            .thenCompose(claims -> claims == null ? checkByKeys(token) : checkByHook(claims));
  }

  private CompletableFuture<VerifiedLogin> checkByHook(Json.Obj claims) {
    try {
      if (claims.get("room") != null) {
        throw new InvalidTokenException(FOR_ROOM);
      }
      return CompletableFuture.completedFuture(login(new TokenClaims(claims)));
    } catch (InvalidTokenException e) {
      return CompletableFuture.failedFuture(refused(e));
    }
  }

  private CompletableFuture<VerifiedLogin> checkByKeys(String token) {
    try {
      SignedToken signed = SignedToken.parse(token);
      if (signed.isForRoom()) {
        throw new InvalidTokenException(FOR_ROOM);
      }
      if (jwks == null) {
        return CompletableFuture.completedFuture(login(keys.now().verify(signed)));
      }
      KeySet known = keys.now().with(jwks.now());
      return known.verifies(signed)
          ? CompletableFuture.completedFuture(login(known.verify(signed)))
          : jwks.refreshed().thenCompose(newer -> verified(signed, keys.now().with(newer)));
    } catch (InvalidTokenException e) {
      return CompletableFuture.failedFuture(refused(e));
    }
  }

  /** Why {@link #check} has failed, for the client. */
  public static String refusal(@Nullable Throwable failure) {
    return failure != null && BrokerException.cause(failure) instanceof RefusedException refused
        ? refused.words()
        : "Error: " + BrokerException.INTERNAL_ERROR;
  }

  private CompletableFuture<VerifiedLogin> verified(SignedToken signed, KeySet known) {
    try {
      return CompletableFuture.completedFuture(login(known.verify(signed)));
    } catch (InvalidTokenException e) {
      return CompletableFuture.failedFuture(refused(e));
    }
  }

  private static RefusedException refused(InvalidTokenException why) {
    return new RefusedException("Error: " + why.words());
  }

  // --- claims ----------------------------------------------------------------------------------

  private VerifiedLogin login(TokenClaims claims) throws InvalidTokenException {
    claims.checkTime(Instant.ofEpochMilli(clock.millis()), leeway);
    checkNames(claims, "iss", settings.issuer());
    checkNames(claims, "aud", settings.audience());
    User user = user(claims);
    long until = claims.expiry().toEpochMilli();
    var login =
        new Login(user.id(), user, Login.named(user, attributes(claims.json())), until, false);
    return new VerifiedLogin(login, claims.json());
  }

  private static void checkNames(TokenClaims claims, String claim, String wanted)
      throws InvalidTokenException {
    if (!wanted.isEmpty() && !claims.names(claim, wanted)) {
      throw new InvalidTokenException(NOT_VALID + "its claim " + claim + " is not " + wanted);
    }
  }

  private User user(TokenClaims claims) throws InvalidTokenException {
    String id = claims.text(settings.idClaim());
    Json name = claims.json().get(settings.nameClaim());
    Json info = claims.json().get(settings.infoClaim());
    try {
      return User.of(
          id,
          name == null ? null : name.asText(),
          info instanceof Json.Obj(Map<String, Json> fields) ? fields : Map.of());
    } catch (IllegalArgumentException e) {
      throw new InvalidTokenException(NOT_VALID + e.getMessage());
    }
  }

  private Map<String, String> attributes(Json.Obj claims) {
    var attributes = new LinkedHashMap<String, String>();
    settings
        .attributeClaims()
        .forEach(
            (attribute, claim) -> {
              Json value = claims.get(claim);
              String text = value == null ? null : value.asText();
              if (text != null) {
                attributes.put(attribute, text);
              }
            });
    return attributes;
  }
}
