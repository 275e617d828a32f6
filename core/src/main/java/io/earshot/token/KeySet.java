package io.earshot.token;

import com.nimbusds.jose.jwk.JWKSet;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Keys that verify tokens. A token names its key; the algorithm is that of the key, so that a token
 * cannot choose a weaker one. A token that names no key is tried with the keys of its algorithm.
 *
 * <p>Immutable.
 */
public final class KeySet {
  /** No keys. */
  public static final KeySet NONE = new KeySet(List.of());

  /** The most keys of another issuer. */
  private static final int MOST = 100;

  /** The longest id that messages show, in characters. */
  private static final int LONGEST_SHOWN = 64;

  private final List<TokenKey> keys;

  KeySet(List<TokenKey> keys) {
    this.keys = List.copyOf(keys);
  }

  /**
   * Reads a JSON Web Key Set (RFC 7517). Keys that are not for signatures by RS256, ES256 or EdDSA
   * are left out.
   *
   * @throws IllegalArgumentException if the text is none, or has no key or too many
   */
  public static KeySet ofJwks(String json) {
    var found = new ArrayList<TokenKey>();
    try {
      for (var jwk : JWKSet.parse(json).getKeys()) {
        TokenKey key = TokenKey.ofJwk(jwk);
        if (key != null) {
          found.add(key);
        }
      }
    } catch (ParseException e) {
      throw new IllegalArgumentException("it is not a JSON Web Key Set", e);
    }
    if (found.isEmpty() || found.size() > MOST) {
      throw new IllegalArgumentException(
          "it has " + found.size() + " keys for RS256, ES256 or EdDSA");
    }
    return new KeySet(found);
  }

  /** These keys and others. */
  public KeySet with(KeySet others) {
    var all = new ArrayList<>(keys);
    all.addAll(others.keys);
    return new KeySet(all);
  }

  /** The ids of the keys. */
  public List<String> ids() {
    return keys.stream().map(TokenKey::id).filter(Objects::nonNull).toList();
  }

  /** Whether a token is signed with one of these keys. */
  public boolean verifies(SignedToken token) {
    return candidates(token).stream().anyMatch(key -> isBy(key, token));
  }

  private List<TokenKey> candidates(SignedToken token) {
    String id = token.keyId();
    return keys.stream()
        .filter(key -> id == null ? key.algorithm().equals(token.algorithm()) : id.equals(key.id()))
        .toList();
  }

  /**
   * Verifies a token.
   *
   * @return its claims
   * @throws InvalidTokenException if it is not signed with one of these keys
   */
  public TokenClaims verify(SignedToken token) throws InvalidTokenException {
    List<TokenKey> candidates = candidates(token);
    if (candidates.isEmpty()) {
      throw new InvalidTokenException(unknown(token));
    }
    // Several keys have the same id after a change of the secret.
    for (TokenKey key : candidates) {
      if (isBy(key, token)) {
        return new TokenClaims(token.unverifiedClaims());
      }
    }
    TokenKey key = candidates.getFirst();
    throw new InvalidTokenException(
        key.algorithm().equals(token.algorithm())
            ? "this token is not valid: its signature is not by the key " + shown(key.id())
            : "this token is not valid: its algorithm is "
                + shown(token.algorithm().getName())
                + ", and the key "
                + shown(key.id())
                + " is for "
                + key.algorithm());
  }

  private static boolean isBy(TokenKey key, SignedToken token) {
    return key.algorithm().equals(token.algorithm()) && token.isSignedBy(key);
  }

  private static String unknown(SignedToken token) {
    return token.keyId() == null
        ? "this token is not valid: it names no key, and no key is for "
            + shown(token.algorithm().getName())
        : "this token is signed with the unknown key " + shown(token.keyId());
  }

  private static String shown(@Nullable String text) {
    if (text == null) {
      return "without a name";
    }
    String start = text.length() > LONGEST_SHOWN ? text.substring(0, LONGEST_SHOWN) + "…" : text;
    return '"' + start + '"';
  }

  /** The first key that can sign; null for none. */
  @Nullable TokenKey signer() {
    return keys.stream().filter(key -> key.signer() != null).findFirst().orElse(null);
  }
}
