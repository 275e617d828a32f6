package io.earshot.login;

import io.earshot.Config;
import io.earshot.RefusedException;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.token.InvalidTokenException;
import io.earshot.token.SignedToken;
import io.earshot.token.TokenClaims;
import io.earshot.token.TokenKeys;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The login of the chat page, for development: whoever asks gets a token with a random id and any
 * name. It is off where the application has users of its own.
 *
 * <p>Thread-safe: immutable, apart from an atomic flag.
 */
public final class DevelopmentLogin {
  /** The prefix of all ids, so that none is the id of a user of an application. */
  static final String PREFIX = "dev-";

  static final Duration LIFETIME = Duration.ofDays(1);

  private static final System.Logger LOG = System.getLogger(DevelopmentLogin.class.getName());

  private final Config config;
  private final TokenKeys keys;
  private final InstantSource clock;
  private final Supplier<String> ids;
  private final AtomicBoolean isLogged = new AtomicBoolean();

  /**
   * The login of a server.
   *
   * @param keys the keys of the server; it signs only with the key of its own
   * @param ids makes random names
   */
  public DevelopmentLogin(
      Config config, TokenKeys keys, InstantSource clock, Supplier<String> ids) {
    this.config = config;
    this.keys = keys;
    this.clock = clock;
    this.ids = ids;
  }

  /** Why there is no development login on this server; null if there is one. */
  public @Nullable String whyOff() {
    Config.Users users = config.users();
    String setting =
        !users.developmentLogin()
            ? "users.developmentLogin is false"
            : users.required()
                ? "users.required is true"
                : !config.tokens().keys().isEmpty()
                    ? "tokens.keys is set"
                    : !users.jwks().isEmpty()
                        ? "users.jwks is set"
                        : !users.issuer().isEmpty()
                            ? "users.issuer is set"
                            : !users.audience().isEmpty() ? "users.audience is set" : null;
    return setting == null
        ? null
        : "there is no development login on this server, since the setting " + setting;
  }

  /**
   * Makes a token.
   *
   * @param name the name that others will see
   * @param previous a token that the client has from here; if it is valid, the id stays. Null for
   *     none
   * @return the answer to the client: the token, its user and its end
   * @throws RefusedException if the name cannot be one; the message says why
   */
  public Json.Obj answer(String name, @Nullable String previous) throws RefusedException {
    User user = user(name, previous);
    Instant until = Instant.ofEpochMilli(clock.millis()).plus(LIFETIME);
    var claims = new LinkedHashMap<String, Object>();
    claims.put(config.users().idClaim(), user.id());
    claims.put(config.users().nameClaim(), name);
    claims.put("exp", until.getEpochSecond());
    String token = keys.sign(claims);
    if (isLogged.compareAndSet(false, true)) {
      LOG.log(
          Level.INFO,
          "development logins are in use: whoever opens the chat page chooses a name;"
              + " users.developmentLogin=false turns them off");
    }
    var fields = new LinkedHashMap<String, Json>();
    fields.put("development", Json.of(true));
    fields.put("token", Json.of(token));
    fields.put("user", user.json());
    fields.put("expiresAt", Json.of(until.getEpochSecond() * 1000));
    return new Json.Obj(fields);
  }

  private User user(String name, @Nullable String previous) throws RefusedException {
    String known = previous == null ? null : id(previous);
    try {
      return User.of(known == null ? PREFIX + ids.get() : known, name, Map.of());
    } catch (IllegalArgumentException e) {
      throw new RefusedException(String.valueOf(e.getMessage()));
    }
  }

  /** The id in a token from here; null if the token is not valid any more, or no such token. */
  private @Nullable String id(String token) {
    try {
      SignedToken signed = SignedToken.parse(token);
      if (signed.isForRoom()) {
        return null;
      }
      TokenClaims claims = keys.now().verify(signed);
      claims.checkTime(Instant.ofEpochMilli(clock.millis()), config.tokens().leeway());
      String id = claims.text(config.users().idClaim());
      return id.startsWith(PREFIX) ? id : null;
    } catch (InvalidTokenException e) {
      return null;
    }
  }
}
