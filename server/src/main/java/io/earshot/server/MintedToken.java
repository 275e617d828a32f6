package io.earshot.server;

import io.earshot.Config;
import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.access.Tokens;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The token of {@code ./earshot token}. */
final class MintedToken {
  /** A shorter cookie secret is not used as a key. */
  private static final int SHORTEST_SECRET = 32;

  private MintedToken() {}

  /**
   * Makes a token that is valid on all servers with these settings.
   *
   * @param can the names of the permissions; null for all
   * @param lifetime how long the token is valid, such as {@code 30m}
   * @throws IllegalArgumentException if an option is wrong; the message says which
   * @throws IllegalStateException if the settings have no signing key
   */
  static String of(
      Config config, String room, String identity, @Nullable Set<String> can, String lifetime) {
    if (config.tokens().keys().isEmpty()
        && config.commonWeb().cookieSecret().length() < SHORTEST_SECRET) {
      throw new IllegalStateException(
          "no key to sign with; set tokens.keys here and on the servers, such as"
              + " --set tokens.keys='k1 HS256 SECRET-OF-AT-LEAST-32-CHARACTERS'");
    }
    Duration time =
        Config.duration(lifetime)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--for must be a time such as 30m, not '" + lifetime + "'"));
    return Tokens.of(config)
        .mint(new Grant(room, identity, permissions(can), Instant.now().plus(time)));
  }

  private static Set<Permission> permissions(@Nullable Set<String> can) {
    if (can == null) {
      return EnumSet.allOf(Permission.class);
    }
    var all = EnumSet.noneOf(Permission.class);
    for (String word : can) {
      try {
        all.add(Permission.valueOf(word.strip().toUpperCase(Locale.ROOT)));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("--can takes join, say, listen, not '" + word + "'", e);
      }
    }
    return all;
  }
}
