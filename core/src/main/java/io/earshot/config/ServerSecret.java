package io.earshot.config;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The secret from which a server derives the keys of cookies, sessions and tokens: the setting
 * {@code commonWeb.cookieSecret}. Without it the secret is random. In a cluster the servers then
 * share a random secret, which each of them learns when it is connected. What was signed before
 * stays valid on the server that signed it.
 *
 * <p>Thread-safe: a volatile list, which one method replaces under a lock.
 */
public final class ServerSecret {
  /** A shorter secret is no key of tokens, in bytes. */
  public static final int SHORTEST_FOR_TOKENS = 32;

  private static final int RANDOM_BYTES = 32;

  /** How many secrets are remembered. */
  private static final int MAX_SECRETS = 8;

  private final String configured;

  /** The random secrets, the one to sign with first. */
  private volatile List<String> random;

  /**
   * A secret.
   *
   * @param configured the setting; empty for a random secret
   */
  public ServerSecret(String configured) {
    this.configured = configured;
    byte[] bytes = new byte[RANDOM_BYTES];
    new SecureRandom().nextBytes(bytes);
    this.random = List.of(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** The secrets by which cookies and sessions are accepted. The first one signs new ones. */
  public List<String> all() {
    return configured.isEmpty() ? random : List.of(configured);
  }

  /**
   * The same for tokens. A configured secret that is short is not used: the owner of a token could
   * find it by trying.
   */
  public List<String> allLong() {
    return isLong() ? List.of(configured) : random;
  }

  private boolean isLong() {
    return configured.length() >= SHORTEST_FOR_TOKENS;
  }

  /** A random secret for the servers of a cluster to share; null if the settings have all keys. */
  public @Nullable String toShare() {
    return isLong() ? null : random.getFirst();
  }

  /** Signs with a random secret that the servers of a cluster share, from now on. */
  public synchronized void share(String shared) {
    if (!random.getFirst().equals(shared)) {
      var all = new ArrayList<>(List.of(shared));
      random.stream()
          .filter(each -> !each.equals(shared))
          .limit(MAX_SECRETS - 1L)
          .forEach(all::add);
      random = List.copyOf(all);
    }
  }
}
